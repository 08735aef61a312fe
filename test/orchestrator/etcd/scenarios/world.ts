import { setTimeout as sleep } from 'node:timers/promises'
import type { EtcdLab, LabMember } from '../../../../lab/etcd/etcd.ts'
import type { Wire } from '../../../../lab/etcd/wire.ts'
import type { Member } from '../../../../orchestrator/etcd/members.ts'

/** What befalls masters: it knows the truth, which whoever acts has to find out by asking. */
export interface World {
  readonly members: readonly LabMember[]
  /** One thing happens, by chance. @returns what, for the story */
  happen(random: () => number): Promise<string>
  /** That very thing happens to that member. */
  befall(name: string, event: string): Promise<string>
  /** Whether a majority of these voters runs, and hears of each other. */
  hasQuorum(members: readonly Member[]): boolean
  /** One more PC, with an empty disk. */
  newcomer(beside: readonly LabMember[]): Promise<LabMember>
  /** All that can be put right is: disks are there, cables are whole. Those that were removed come back as well. */
  heal(): Promise<void>
  memberAt(peerUrl: string): LabMember | undefined
}

type State = 'runs' | 'off' | 'held' | 'slow'

export function openWorld(lab: EtcdLab, wire: Wire): World {
  const members = [...lab.members]
  const states = new Map<string, State>(members.map(({ name }) => [name, 'runs']))
  const cuts = new Set<string>()
  const addresses = [...wire.addresses]
  const pair = (one: LabMember, other: LabMember): string => [one.address, other.address].sort().join(' ')
  const are = (...which: State[]): LabMember[] =>
    members.filter(({ name }) => which.includes(states.get(name) ?? 'off'))
  const pulses = new Map<string, AbortController>()

  const mend = (): void => {
    for (const cut of cuts) wire.mend(...(cut.split(' ') as [string, string]))
    cuts.clear()
  }
  const separate = (one: LabMember, others: readonly LabMember[]): void => {
    for (const other of others) {
      const cut = pair(one, other)
      if (other === one || cuts.has(cut)) continue
      wire.cut(one.address, other.address)
      cuts.add(cut)
    }
  }
  const release = (member: LabMember): void => {
    pulses.get(member.name)?.abort()
    pulses.delete(member.name)
    member.release()
    states.set(member.name, 'runs')
  }

  /** Each takes the member that it befalls; undefined where nobody is fit for it. */
  const EVENTS: Readonly<Record<string, (pick: Pick) => Promise<LabMember | undefined>>> = {
    'loses power': async (pick) => {
      const member = pick(are('runs', 'held', 'slow'))
      if (!member) return undefined
      pulses.get(member.name)?.abort()
      await member.kill()
      states.set(member.name, 'off')
      return member
    },
    'is on again': async (pick) => {
      const member = pick(are('off'))
      if (!member) return undefined
      // One that was removed ends by itself: see `ended`.
      await member.start()
      states.set(member.name, 'runs')
      return member
    },
    hangs: async (pick) => {
      const member = pick(are('runs'))
      member?.hold()
      if (member) states.set(member.name, 'held')
      return member
    },
    'has a slow disk': async (pick) => {
      const member = pick(are('runs'))
      if (!member) return undefined
      const stop = new AbortController()
      pulses.set(member.name, stop)
      states.set(member.name, 'slow')
      void pulse(member, stop.signal)
      return member
    },
    'goes on': async (pick) => {
      const member = pick(are('held', 'slow'))
      if (member) release(member)
      return member
    },
    'loses sight of one': async (pick) => {
      const member = pick(members)
      const other = pick(members.filter((one) => one !== member))
      if (member && other) separate(member, [other])
      return member
    },
    'loses sight of all': async (pick) => {
      const member = pick(members)
      if (member) separate(member, members)
      return member
    },
    'sees all again': async (pick) => {
      mend()
      return pick(members)
    },
  }

  return {
    members,
    async befall(name, event) {
      const member = await EVENTS[event]?.((from) => from.find((one) => one.name === name))
      if (!member) throw new Error(`${name} ${event}: that cannot be now`)
      return `${name} ${event}`
    },
    async happen(random) {
      const pick: Pick = (from) => from[Math.floor(random() * from.length)]
      for (;;) {
        const names = Object.keys(EVENTS)
        const event = names[Math.floor(random() * names.length)] ?? ''
        const member = await EVENTS[event]?.(pick)
        if (member) return `${member.name} ${event}`
      }
    },
    hasQuorum(list) {
      const voters = list.filter(({ isLearner }) => !isLearner)
      const alive = are('runs', 'slow').filter(
        (one) => one.runs() && voters.some(({ peerUrls }) => peerUrls.includes(one.peerUrl)),
      )
      // One that everybody of a majority hears can lead it.
      return alive.some(
        (one) =>
          alive.filter((other) => other === one || !cuts.has(pair(one, other))).length > voters.length / 2,
      )
    },
    async newcomer(beside) {
      const used = new Set(members.map(({ address }) => address))
      const address = addresses.find((one) => !used.has(one))
      const name = `pc-${members.length + 1}`
      const member = await lab.newcomer(name, beside, address)
      members.push(member)
      states.set(name, 'runs')
      return member
    },
    async heal() {
      mend()
      for (const member of are('held', 'slow')) release(member)
      for (const member of members) if (!member.runs()) await member.start()
      for (const { name } of members) states.set(name, 'runs')
    },
    memberAt: (peerUrl) => members.find((one) => one.peerUrl === peerUrl),
  }
}

type Pick = (from: readonly LabMember[]) => LabMember | undefined

/** Most of the time it waits: for its disk, as those see it who wait for it. */
async function pulse(member: LabMember, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    member.hold()
    await sleep(120)
    member.release()
    await sleep(40)
  }
}
