import { setTimeout as sleep } from 'node:timers/promises'
import { up } from '../../../../lab/etcd/etcd.ts'
import { OWN_ADDRESS, type Wire } from '../../../../lab/etcd/wire.ts'
import { countKeys } from '../../../../orchestrator/etcd/keys.ts'
import {
  addLearner,
  type Member,
  promoteMember,
  removeMember,
} from '../../../../orchestrator/etcd/members.ts'
import { etcdOf, type OwnEtcd } from '../../../harness/etcd.ts'
import { eventually } from '../../../harness/wait.ts'
import { type Deed, decide, look, same } from './hand.ts'
import { openWorld, type World } from './world.ts'

/** One scenario on real etcd, all of it from one number. */

export interface Played {
  readonly seed: number
  /** What happened and what was done, in order. */
  readonly story: readonly string[]
  /** What must never be: a majority that our hand took, a write that is gone, a member that is back. */
  readonly faults: readonly string[]
  readonly deeds: number
}

/** Whether what was seen is looked at again before it is acted upon. Without it the scenarios must find faults. */
export type Care = 'fresh' | 'stale'

/** What happens in each turn between looking and acting: to whom, and what. */
export type Script = readonly (readonly (readonly [string, string])[])[]

const TURNS = 6

/** @param script what happens. @default by chance */
export async function play(seed: number, wire: Wire, care: Care, script?: Script): Promise<Played> {
  const random = randomFrom(seed)
  const size = script || random() < 0.5 ? 3 : 5
  const lab = await up({
    name: `scenario-${seed}`,
    members: size,
    ownerPid: process.pid,
    addresses: wire.addresses,
    extra: [
      OWN_ADDRESS,
      '--heartbeat-interval=50',
      '--election-timeout=500',
      // A member that loses power here loses nothing that the machine has.
      '--unsafe-no-fsync',
      // etcd's own check would hide a mistake of ours.
      '--strict-reconfig-check=false',
    ],
  })
  const own = etcdOf(lab)
  const world = openWorld(lab, wire)
  const story: string[] = []
  const faults: string[] = []
  let [written, deeds] = [0, 0]
  try {
    const turn = async (happens: () => Promise<void>): Promise<void> => {
      const seen = await look(own.gateway, urlsOf(world))
      const meant = seen && decide(seen, size)
      await happens()
      written += await write(own, world, written)
      if (!meant || !seen) return
      const again = care === 'fresh' ? await look(own.gateway, urlsOf(world)) : seen
      if (!again || !same(meant, decide(again, size))) return
      const before = world.hasQuorum(again.list.members)
      const after = await act(own, world, meant, again.list.members, story)
      deeds++
      if (before && !world.hasQuorum(after))
        faults.push(`turn ${story.length}: ${meant.do} took the majority`)
    }
    const byChance = async (): Promise<void> => {
      for (let some = Math.floor(3 * random()); some > 0; some--) story.push(await world.happen(random))
    }
    if (script)
      for (const events of script)
        await turn(async () => {
          for (const [name, event] of events) story.push(await world.befall(name, event))
        })
    else
      for (let at = 0; at < TURNS; at++) {
        await turn(byChance)
        await sleep(300 * random())
      }
    await world.heal()
    story.push('all is put right')
    const quiet = () => turn(async () => {})
    if (faults.length === 0) faults.push(...(await afterwards(own, world, size, written, quiet)))
  } finally {
    await world.heal().catch(() => {})
    await lab.down()
  }
  return { seed, story, faults, deeds }
}

const urlsOf = (world: World): string[] => world.members.map(({ clientUrl }) => clientUrl)

/** A few writes, by whoever takes them; how many were said to be done. */
async function write(own: OwnEtcd, world: World, from: number): Promise<number> {
  let done = 0
  for (const { clientUrl } of world.members) {
    const answer = await own.put(`/written/${from + done}`, 'x', clientUrl, 200)
    if (answer.is === 'done') done++
    if (done === 3) break
  }
  return done
}

/** @returns the members as they are if what was asked for is done, be it later */
async function act(
  own: OwnEtcd,
  world: World,
  deed: Deed,
  list: readonly Member[],
  story: string[],
): Promise<readonly Member[]> {
  const endpoints = urlsOf(world)
  const at = list.flatMap(({ peerUrls }) => world.memberAt(peerUrls[0] ?? '') ?? [])
  if (deed.do === 'add') {
    const heir = await world.newcomer(at)
    const added = await addLearner(own.gateway, endpoints, heir.peerUrl)
    story.push(`${heir.name} is added: ${added.is}`)
    if (added.is !== 'done') return list
    await heir.start()
    return [...list, added.value]
  }
  const { id, name } = deed.member
  if (deed.do === 'promote') {
    const promoted = await promoteMember(own.gateway, endpoints, id)
    story.push(`${name} is promoted: ${promoted.is}`)
    return list.map((one) =>
      one.id === id && promoted.is !== 'refused' ? { ...one, isLearner: false } : one,
    )
  }
  const removed = await removeMember(own.gateway, endpoints, id)
  story.push(`${name || id} is removed: ${removed.is}`)
  return removed.is === 'refused' ? list : list.filter((one) => one.id !== id)
}

/** With everything on again: the room has its masters, everything that was written, and nobody who was sent away. */
async function afterwards(
  own: OwnEtcd,
  world: World,
  size: number,
  written: number,
  turn: () => Promise<void>,
): Promise<string[]> {
  const patience = { seconds: 45 }
  try {
    const seen = await eventually(
      'all masters are voters again',
      async () => {
        await turn()
        const now = await look(own.gateway, urlsOf(world))
        if (now?.list.members.length !== size || now.list.members.some(({ isLearner }) => isLearner))
          return undefined
        return now.list.members.every(({ id }) => now.statuses.get(id)?.leader !== undefined) && now
      },
      patience,
    )
    if (!seen) return []
    const urls = new Set(seen.list.members.flatMap(({ peerUrls }) => peerUrls))
    const kept = world.members.filter(({ peerUrl }) => urls.has(peerUrl))
    const prefix = '/written/'
    for (const { name, clientUrl } of kept) {
      await eventually(
        `${name} has all that was written`,
        async () => {
          const counted = await countKeys(own.gateway, clientUrl, { prefix })
          return counted.is === 'done' && counted.value >= written
        },
        { seconds: 10 },
      )
    }
    for (const gone of world.members.filter(({ peerUrl }) => !urls.has(peerUrl)))
      await eventually(`${gone.name}, which was removed, ends by itself`, () => !gone.runs(), patience)
    return []
  } catch (error) {
    return [error instanceof Error ? error.message.slice(0, 500) : String(error)]
  }
}

/** mulberry32: small, and the same everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
