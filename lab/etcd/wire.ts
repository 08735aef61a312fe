import { execFileSync } from 'node:child_process'
import { networkInterfaces } from 'node:os'

/** Members that lose sight of each other: addresses in a network of its own, between which packets vanish when asked. */
export interface Wire {
  readonly addresses: readonly string[]
  /** From now on the two hear nothing of each other, on open connections neither. */
  cut(one: string, other: string): void
  mend(one: string, other: string): void
}

/** So that each member calls from its own address. */
export const OWN_ADDRESS = '--feature-gates=SetMemberLocalAddr=true'

/**
 * Only in a network namespace that holds nothing yet: rules of routing are changed. The one for local addresses comes
 * first everywhere else, so here it is put behind those that make packets vanish.
 */
export function layWire(count: number): Wire {
  if (Object.keys(networkInterfaces()).length > 0)
    throw new Error('this network is in use: lay the wire in a network namespace of its own')
  const addresses = Array.from({ length: count }, (_, index) => `10.77.0.${index + 1}`)
  ip('link', 'set', 'lo', 'up')
  for (const address of addresses) ip('address', 'add', `${address}/32`, 'dev', 'lo')
  ip('rule', 'add', 'pref', '100', 'table', 'local')
  ip('rule', 'del', 'pref', '0')
  const both = (verb: 'add' | 'del', one: string, other: string): void => {
    ip('rule', verb, 'pref', '10', 'from', one, 'to', other, 'blackhole')
    ip('rule', verb, 'pref', '10', 'from', other, 'to', one, 'blackhole')
  }
  return {
    addresses,
    cut: (one, other) => both('add', one, other),
    mend: (one, other) => both('del', one, other),
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: 'pipe' })
}
