/**
 * Which other PCs have fallen silent, by the Leases that their kubelets renew about every ten seconds. Pure. By when this PC
 * saw them change, so that no clock of another PC is believed.
 */

/** What a Lease said last, and since when it has said so: ms of this program's clock. */
export interface Heard {
  readonly renewed: string
  readonly since: number
}

/** Longer than a kubelet rests, and well before the control plane calls a PC silent. Ms. */
const LATE = 12_000

/** What was heard of each PC until now. One that is seen for the first time has spoken just now. */
export function hear(
  before: ReadonlyMap<string, Heard>,
  leases: ReadonlyMap<string, string>,
  now: number,
): ReadonlyMap<string, Heard> {
  const heard = new Map<string, Heard>()
  for (const [pc, renewed] of leases) {
    const last = before.get(pc)
    heard.set(pc, last?.renewed === renewed ? last : { renewed, since: now })
  }
  return heard
}

export const silentPcs = (heard: ReadonlyMap<string, Heard>, now: number): string[] =>
  [...heard].flatMap(([pc, { since }]) => (now - since > LATE ? [pc] : []))
