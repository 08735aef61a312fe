import type { Claim, Disk, Facts, Pc, Plan, Server, Step } from './facts.ts'

/** How many servers there are to be, and how long a PC may be silent before its server begins anew on another one. */
export interface Rules {
  readonly servers: number
  /** Milliseconds. */
  readonly moveAfter: number
}

/** What is to be done for the disks of the servers. Moves one server at a time, and only where no copy is lost by it. */
export function decide(facts: Facts, now: number, rules: Rules): Plan {
  const wanted = facts.claims.filter((claim) => claim.ours)
  const steps: Step[] = []
  for (const claim of wanted) {
    const pc = facts.pcs.find(({ name }) => name === claim.chosen)
    if (!claim.leaving && pc && !diskOf(facts, claim)) steps.push({ step: 'make-disk', claim, pc })
  }
  for (const disk of facts.disks)
    if (!facts.claims.some(({ uid }) => uid === disk.claimUid)) steps.push({ step: 'forget-disk', disk })
  const waiting: Plan['waiting'][number][] = []
  for (const claim of wanted) {
    const why = deadPc(facts, claim, now, rules.moveAfter)
    if (why === undefined) continue
    const against = notYet(facts, claim, rules)
    if (against !== undefined) waiting.push({ claim: claim.name, why: `${why}; ${against}` })
    else if (!steps.some(({ step }) => step === 'move'))
      steps.push({ step: 'move', claim, server: leftOn(facts, claim, diskOf(facts, claim)), why })
  }
  return { steps, waiting }
}

const diskOf = ({ disks }: Facts, claim: Claim): Disk | undefined =>
  disks.find(({ claimUid }) => claimUid === claim.uid)

/** The one that runs somewhere already is another one, which waits for this claim to be gone. */
const leftOn = ({ servers }: Facts, claim: Claim, disk: Disk | undefined): Server | undefined =>
  servers.find((server) => server.claim === claim.name && server.pc === disk?.pc)

/** Why the PC of a claim's disk counts as dead; nothing while it does not. */
function deadPc(facts: Facts, claim: Claim, now: number, moveAfter: number): string | undefined {
  const disk = diskOf(facts, claim)
  if (!disk) return undefined
  const pc = facts.pcs.find(({ name }) => name === disk.pc)
  // Whoever removed it from the cluster said that it does not come back.
  if (!pc) return `${disk.pc} is no PC of the room any more`
  if (pc.ready || pc.since === undefined || now - pc.since < moveAfter) return undefined
  return `${pc.name} has been silent since ${new Date(pc.since).toISOString()}`
}

/** What speaks against moving it now. */
function notYet(facts: Facts, claim: Claim, { servers: count }: Rules): string | undefined {
  if (count < 2) return 'no other server has its people: bring that PC back, or restore a copy'
  const others = facts.servers.filter((server) => server.claim !== claim.name)
  const ready = others.filter((server) => server.ready)
  // With one of them alone, what that one has would hang on one disk while the new one is filled.
  if (ready.length < count - 1)
    return `it stays, since only ${ready.length} of the other ${count - 1} have everything`
  const taken = new Set(facts.disks.map(({ pc }) => pc))
  const free = (pc: Pc): boolean => pc.ready && pc.open && !taken.has(pc.name)
  if (!facts.pcs.some(free)) return 'it stays, since no other PC without a server is ready'
  return undefined
}
