import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { KUBEADM } from '../backup/belongings.ts'
import { checkCopy } from '../backup/check.ts'
import { newestFirst } from '../backup/decide.ts'
import type { Place } from '../backup/place.ts'
import { type Opened, type Unreadable, unseal } from '../backup/unseal.ts'
import { act, type Hands } from './act.ts'
import { readClusterConfiguration } from './cluster-configuration.ts'
import { planRescue, type Step } from './decide.ts'
import type { Wish } from './facts.ts'
import { observe } from './observe.ts'

export interface Rescue {
  /** Where copies lie; the newest that opens and is good is taken. */
  readonly place: Place
  /** Text of a private key. */
  readonly key: string
  readonly wish: Wish
  readonly hands: Hands
  /** On a disk, for what is opened; it is gone afterwards. */
  readonly scratch: string
  readonly dryRun: boolean
  /** Told each thing as it comes. */
  readonly tell: (line: string) => void
}

/** @throws with the reason where it may not be, or a step fails */
export async function rescue(work: Rescue): Promise<void> {
  const { wish, hands, dryRun, tell } = work
  const folder = await mkdtemp(join(work.scratch, 'deskfleet-rescue-'))
  try {
    const { name, opened } = await openNewest(work, folder)
    const clusterConfiguration = await readFile(join(opened.folder, KUBEADM), 'utf8')
    const { endpoint, refusal } = readClusterConfiguration(clusterConfiguration)
    if (refusal !== undefined) throw new Error(refusal)
    const facts = await observe({ root: hands.root, manifest: opened.manifest, endpoint })
    const stamp = hands.clock
      .wall()
      .toISOString()
      .replace(/\.\d+|[-:]/g, '')
    const plan = planRescue(facts, wish, { name, clusterConfiguration }, stamp)
    if ('refusal' in plan) throw new Error(plan.refusal)
    await walk(plan.steps, opened, work)
    tell(
      dryRun
        ? 'nothing was changed: the same without --dry-run does it'
        : `the API answers, with what was there at ${opened.manifest.at}: what to do next is in docs/recover.md`,
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function walk(steps: readonly Step[], opened: Opened, { hands, dryRun, tell }: Rescue): Promise<void> {
  for (const [at, step] of steps.entries()) {
    tell(`${at + 1} of ${steps.length}: ${step.says}`)
    if (dryRun) continue
    try {
      await act(step, opened, hands)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new Error(
        `${why}: the rescue stopped at step ${at + 1}. What it laid aside lies there; run it again, and it begins anew`,
      )
    }
  }
}

/** One that is cut off or was altered is passed over, and said so: the one before it is half an hour older. */
async function openNewest(
  { place, key, hands, tell }: Rescue,
  folder: string,
): Promise<{ readonly name: string; readonly opened: Opened }> {
  const copies = newestFirst(await place.list(), hands.clock.wall().getTime())
  let last = 'there is no copy here: say by --copies where they lie'
  for (const [at, { name }] of copies.entries()) {
    const into = join(folder, String(at))
    const opened = await unseal(place.path(name), key, into)
    const why = await faultOf(opened, hands.etcdutl)
    if (why === undefined && !('unreadable' in opened)) {
      const { at: when, room, etcd } = opened.manifest
      tell(`${name}: made at ${when}, ${etcd.keys} keys at revision ${etcd.revision}, of the room ${room}`)
      return { name, opened }
    }
    last = `${name}: ${why}`
    tell(last)
    if ('unreadable' in opened && opened.unreadable === 'noKey') break
    await rm(into, { recursive: true, force: true })
  }
  throw new Error(`no copy can be used; ${last}`)
}

const faultOf = async (opened: Opened | Unreadable, etcdutl: string): Promise<string | undefined> =>
  'unreadable' in opened ? opened.why : await checkCopy(opened, etcdutl)
