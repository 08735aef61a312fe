import { isIP } from 'node:net'

/** What desktops may call. Networks as `192.0.2.0/24`. */
export interface Allowed {
  /** Addresses where names are looked up, port 53. */
  readonly resolvers: readonly string[]
  /** The cluster's own addresses and the networks of the PCs: refused, whatever else is allowed. */
  readonly never: readonly string[]
  /** What else they may call; empty for nothing. */
  readonly outside: readonly string[]
  /** Addresses of the room's door: reached at ports 80 and 443, though it stands in the PCs' network. */
  readonly doors: readonly string[]
}

export const TABLE = 'inet deskfleet'

/** As a number: nft looks names of protocols up in a file that a small image has not. */
const ICMPV6 = 58

/**
 * The rules of one PC, as `nft --file` takes them: in one transaction they replace those that are there, so that there is
 * no moment without. They judge packets by the address of the pod that sends them, which no unprivileged pod can forge,
 * behind the translation of Service addresses. Answers pass; what a desktop begins is judged packet by packet, so that a
 * connection from before the rules does not go on.
 *
 * There is no set in them, named or not: an nft of the year 2022, which kube-proxy's image may have, ends with a
 * segmentation fault at any list of tables when one of them holds a set made by an nft of 2025 (1.0.6 and 1.1.3, seen).
 *
 * Every interface has an IPv6 address of its own making, which no list of the cluster shows: from behind the interfaces of
 * desktops nothing but IPv6's own housekeeping comes in by such an address, whoever sends it.
 *
 * @param desktops addresses of the desktops' pods on this PC
 * @param interfaces where these pods are: the names of interfaces of this PC
 */
export function rulesetOf(
  desktops: readonly string[],
  interfaces: readonly string[],
  { resolvers, never, outside, doors }: Allowed,
): string {
  const of = (version: number) => desktops.filter((address) => isIP(address) === version).toSorted()
  const from = (chain: string) => [
    ...of(4).map((address) => `\t\tip saddr ${address} goto ${chain}`),
    ...of(6).map((address) => `\t\tip6 saddr ${address} goto refused`),
    ...interfaces.map(
      (name) => `\t\tiifname "${name}" ip6 saddr fe80::/10 meta l4proto != ${ICMPV6} goto refused`,
    ),
  ]
  const door = doors.flatMap((address) =>
    [80, 443].map((port) => `\t\tip daddr ${address} tcp dport ${port} accept`),
  )
  return [
    `table ${TABLE} {}`,
    `delete table ${TABLE}`,
    `table ${TABLE} {`,
    '\tchain refused {',
    '\t\treject with icmpx admin-prohibited',
    '\t}',
    '\tchain leaving {',
    '\t\tct direction reply accept',
    ...resolvers.flatMap((address) =>
      ['tcp', 'udp'].map((protocol) => `\t\tct original ip daddr ${address} ${protocol} dport 53 accept`),
    ),
    ...door,
    ...never.map((network) => `\t\tip daddr ${network} goto refused`),
    ...outside.map((network) => `\t\tip daddr ${network} accept`),
    '\t\tgoto refused',
    '\t}',
    '\tchain arriving {',
    '\t\tct direction reply accept',
    ...door,
    '\t\tgoto refused',
    '\t}',
    '\tchain forward {',
    '\t\ttype filter hook forward priority filter - 5; policy accept;',
    ...from('leaving'),
    '\t}',
    '\tchain input {',
    '\t\ttype filter hook input priority filter - 5; policy accept;',
    ...from('arriving'),
    '\t}',
    '}',
    '',
  ].join('\n')
}
