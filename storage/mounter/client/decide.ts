import type { Client, Decision, Seen, Step, Trouble } from './facts.ts'

/** So long may a new process take until its mount answers. */
const START_LIMIT = 45_000
/**
 * So long may a client go without an answer before another one is started to find out whose fault it is. Well beyond
 * the stall of a PC that loses power, and never a reason by itself to end a process: below quorum all are like this.
 */
const PATIENCE = 120_000
/** So long must another client have answered before a silent one counts as failed. */
const GRACE = 30_000
/** Two, so that a client survives the loss of one while it learns of changes of the volume. */
const WELL_KNOWN = 2
/** How many servers a client is told of. */
const MOST = 6
const LONGEST_PAUSE = 30_000

/** What is next, so that some client of the wanted version answers and no other stays longer than it is used. Pure. */
export function decide(seen: Seen): Decision {
  const current = seen.clients.filter(answers).reduce(newer, undefined)
  const decision = (step: Step | undefined, trouble?: Trouble): Decision => ({
    step,
    current: current?.number,
    trouble: trouble ?? (current ? undefined : whyNone(seen)),
  })

  const dead = seen.clients.find((one) => one.mount && !answers(one) && !lives(one))
  if (dead) return decision({ step: 'detach', number: dead.number })

  const useless = seen.clients.find((one) => isUseless(one, current))
  if (useless) return decision({ step: 'stop', number: useless.number })

  const { start, trouble } = whetherToStart(seen, current)
  if (start) return decision(start)

  const retired = seen.clients.find(
    (one) => current && one.number < current.number && answers(one) && one.mount?.shown === 0,
  )
  // Before the newest has shown that it lasts, the one before it is still worth keeping.
  if (retired && current?.process && current.process.age > 5_000)
    return decision({ step: 'retire', number: retired.number })

  const used = new Set(seen.clients.flatMap(({ process }) => process?.version ?? []))
  const old = seen.laid.find((version) => version !== seen.version && !used.has(version))
  if (old !== undefined && seen.version !== undefined && current) {
    return decision({ step: 'remove', version: old })
  }
  return decision(undefined, trouble)
}

const lives = ({ process }: Client): boolean => process?.runs === true
const answers = ({ mount }: Client): boolean => mount?.said === 'answers'
const newer = (best: Client | undefined, one: Client): Client =>
  best && best.number > one.number ? best : one

/** Whether a living process is of no use, as far as is proven. */
function isUseless(one: Client, current: Client | undefined): boolean {
  const { process, mount } = one
  if (!process?.runs || answers(one)) return false
  // Its mount was taken off, and it did not end by itself; or it never came up.
  if (!mount) return process.age > START_LIMIT
  if (!current) return false
  // Another one answers, so the volume is there: it is this process that has failed.
  if (one.number > current.number) return process.age > START_LIMIT && mount.shown === 0
  // Not at once: when a quorum comes back, one client notices it before the other.
  return mount.since > PATIENCE && (current.mount?.since ?? 0) > GRACE
}

interface Start {
  readonly start: Step | undefined
  readonly trouble?: Trouble
}

function whetherToStart(seen: Seen, current: Client | undefined): Start {
  const living = seen.clients.filter(lives)
  const wish = current ? isOutdated(current, seen) : living.length === 0 || isDoubtful(living, seen)
  if (!wish) return { start: undefined }
  // One at a time: the newest that is on its way is waited for.
  if (living.some((one) => !answers(one) && one.number > (current?.number ?? 0)) && current) {
    return { start: undefined, trouble: 'starting' }
  }
  const { version, servers, starts } = seen
  if (version === undefined) return { start: undefined, trouble: 'no-client' }
  if (!seen.certificate) return { start: undefined, trouble: 'no-certificate' }
  if (servers.length === 0) return { start: undefined, trouble: 'no-servers' }
  if (!seen.laid.includes(version)) return { start: { step: 'lay', version } }
  if (starts.failed > 0 && starts.ago < Math.min(500 * 2 ** starts.failed, LONGEST_PAUSE)) {
    return { start: undefined, trouble: 'start-failed' }
  }
  const number = Math.max(0, ...seen.clients.map((one) => one.number)) + 1
  return { start: { step: 'start', number, version, servers: servers.slice(0, MOST) } }
}

/** Whether another client would be better than one that answers. */
function isOutdated({ process }: Client, { version, servers }: Seen): boolean {
  // A mount that answers although its process is not known was made by somebody else: ours is started beside it.
  if (!process) return true
  if (version !== undefined && process.version !== version) return true
  const known = servers.filter((one) => process.servers.includes(one))
  return known.length < Math.min(WELL_KNOWN, servers.length)
}

/** Whether a second client shall find out why the only one says nothing; or it asks PCs that serve no more. */
function isDoubtful(living: readonly Client[], { servers }: Seen): boolean {
  const [only, ...others] = living
  if (!only?.mount || others.length > 0) return false
  const deserted = servers.length > 0 && !servers.some((one) => only.process?.servers.includes(one))
  return only.mount.since > PATIENCE && (only.mount.said === 'silent' || deserted)
}

function whyNone({ clients }: Seen): Trouble | undefined {
  const living = clients.filter(lives)
  if (living.some(({ mount }) => mount?.said === 'silent')) return 'silent'
  // While a process is young, its bricks may not have been reached yet.
  if (living.some(({ mount }) => mount?.said === 'refuses')) return 'no-quorum'
  return living.length > 0 ? 'starting' : undefined
}
