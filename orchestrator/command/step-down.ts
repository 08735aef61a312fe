import { setTimeout as sleep } from 'node:timers/promises'
import { CustomObjectsApi } from '@kubernetes/client-node'
import { lasting } from '../../cli/age.ts'
import type { Terminal } from '../../cli/terminal.ts'
import { keptClient } from '../../cluster/client.ts'
import {
  BLIND_AFTER,
  mastersTold,
  type ToldGuard,
  type ToldMaster,
  toldGuard,
} from '../../cluster/control-plane-guard.ts'
import { STEP_DOWN } from '../../config/labels.ts'
import { explain } from '../heir.ts'
import { viewAtLook, wouldBe } from './explain.ts'
import { type OrderOptions, order } from './orders.ts'
import { lookAt, openRoom, type ToldRoom } from './room.ts'

export interface StepDownOptions extends OrderOptions {
  readonly wait: boolean
}

/** Why a master cannot be sent away, with the mend; undefined where it can. Pure. */
export function whyNot(
  guard: ToldGuard,
  masters: readonly ToldMaster[],
  pc: string,
  now: number,
): string | undefined {
  const are = masters.filter(({ way }) => way !== 'coming')
  const names = are.map((one) => one.pc).join(', ') || 'none'
  if (!are.some((one) => one.pc === pc)) return `${pc} is no master; these are: ${names}`
  if (are.length === 1) return `${pc} is the only master: set masters.count in cluster.yaml to 3 first`
  if (guard.mode !== 'Act')
    return `masters.mode is ${guard.mode}, so nothing is done: set it to Act in cluster.yaml first`
  const halt = guard.orders.halt ?? guard.halted?.why
  if (halt !== undefined) return `it is halted (${halt}): "deskfleet masters resume" first`
  if (now - guard.lookedAt > BLIND_AFTER)
    return 'nobody looks at the masters, so nothing would happen: "deskfleet masters status" says where to look'
  const other = guard.orders.stepDown
  if (other !== undefined && other !== pc)
    return `${other} is to step down already: one after the other, wait until it has`
  return undefined
}

/** Another PC becomes a master, then this one is none any more. */
export async function stepDown(terminal: Terminal, pc: string, options: StepDownOptions): Promise<void> {
  const room = await openRoom(options.kubeconfig)
  const { items: nodes } = await room.core.listNode()
  const masters = mastersTold(room.guard, nodes)
  const why = whyNot(room.guard, masters, pc, Date.now())
  if (why !== undefined) throw new Error(why)
  terminal.stdout.write(`${await whatHappens(room, masters, pc)}\n`)
  if (options.dryRun) {
    terminal.stdout.write(`nothing was asked for (dry run)\n`)
    return
  }
  await order(room.custom, { [STEP_DOWN]: pc })
  if (!options.wait) {
    terminal.stdout.write('asked for; "deskfleet masters status" says how far it is\n')
    return
  }
  terminal.stdout.write('asked for; Ctrl-C stops waiting, and it goes on\n')
  await follow(terminal, room, pc)
}

async function whatHappens(room: ToldRoom, masters: readonly ToldMaster[], pc: string): Promise<string> {
  const are = masters.filter(({ way }) => way !== 'coming').length
  if (are > room.guard.size.wanted)
    return `${pc} stops being a master, and no other PC takes its place: ${room.guard.size.wanted} are wanted`
  const { guard, facts } = await lookAt(room)
  const heir = wouldBe(viewAtLook(guard, facts))
  if (heir === undefined)
    return `no PC can take the place of ${pc} now, so it stays until one can: see "deskfleet masters explain"`
  const node = facts.nodes.find(({ name }) => name === heir.name)
  const desktops = node?.pods.filter(({ desktop }) => desktop).length ?? 0
  const moved =
    guard.policy.reboot === 'Never' || desktops === 0
      ? ''
      : `; ${desktops === 1 ? 'one desktop there moves' : `${desktops} desktops there move`}, and their people are told before`
  return `first another PC is made a master, then ${pc} is none any more. As of now that would be ${explain(heir)}${moved}`
}

/** How an order that was given stands: over, or what is to be said of it. Pure. */
export type Progress =
  | { readonly is: 'done'; readonly heir: string | undefined }
  | { readonly is: 'failed'; readonly why: string }
  | { readonly is: 'goes-on'; readonly said: string }

/** @param before Ids of operations that had ended when it was asked for */
export function progressOf(guard: ToldGuard, pc: string, before: ReadonlySet<string>): Progress {
  const over = guard.history.find(({ id, leaving }) => leaving.includes(pc) && !before.has(id))
  if (over !== undefined && over.failed === undefined) return { is: 'done', heir: over.heir }
  const halt = guard.orders.halt ?? guard.halted?.why
  if (halt !== undefined) return { is: 'failed', why: `halted: ${halt}` }
  const { operation } = guard
  const ours = operation?.leaving.some(({ name }) => name === pc)
  if (operation !== undefined && ours) {
    const heir = operation.heir === undefined ? '' : `, heir ${operation.heir.name}`
    const rest = operation.waiting ?? operation.failed
    return { is: 'goes-on', said: `${operation.phase}${heir}${rest === undefined ? '' : `: ${rest}`}` }
  }
  if (guard.orders.stepDown !== pc)
    return {
      is: 'failed',
      why: over?.failed ?? 'somebody took the order back, or it could not be carried out',
    }
  if (operation !== undefined) return { is: 'goes-on', said: `${operation.id} is finished first` }
  const last = over?.failed === undefined ? '' : ` (the last try: ${over.failed})`
  return { is: 'goes-on', said: `${guard.waiting ?? 'nothing was begun yet'}${last}` }
}

const LOOK_EVERY = 2_000

async function follow(terminal: Terminal, { cluster, guard }: ToldRoom, pc: string): Promise<void> {
  // Its calls end after seconds: a connection to the API server of a master that goes may hang for ever.
  const custom = keptClient(cluster, CustomObjectsApi)
  const before = new Set(guard.history.map(({ id }) => id))
  const begun = Date.now()
  let said = ''
  for (;;) {
    // An API server is among what changes: one that does not answer for a moment is asked again.
    const seen = await toldGuard(custom).catch(() => undefined)
    const progress = seen && progressOf(seen, pc, before)
    if (progress?.is === 'failed') throw new Error(`${pc} did not step down: ${progress.why}`)
    if (progress?.is === 'done') {
      const heir = progress.heir === undefined ? '' : `; ${progress.heir} is one instead`
      terminal.stdout.write(`${pc} is no master any more${heir}\n`)
      return
    }
    const news = progress?.said ?? 'the API server does not answer; it is asked again'
    if (news !== said) terminal.stdout.write(`  ${lasting(Date.now() - begun)}: ${news}\n`)
    said = news
    await sleep(LOOK_EVERY)
  }
}
