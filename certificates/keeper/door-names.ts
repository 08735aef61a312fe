/** What the door's leaf is for, given what its root may vouch for; or why there can be none. */
export type DoorNames =
  | { readonly names: readonly string[]; readonly beyond: readonly string[] }
  | { readonly fault: string }

/**
 * People's machines trust the root as it is, so it is never made anew when the room's names change: what it does not
 * cover is left out (`beyond`), and without the room's host, the first of `wanted`, nothing can be signed.
 *
 * @param allowed what the root is constrained to; undefined where it is not.
 */
export function doorNames(wanted: readonly string[], allowed: readonly string[] | undefined): DoorNames {
  // A root without constraints could vouch for any site in the world.
  if (!allowed) return { fault: 'it may vouch for any name, which no machine of a person should trust' }
  const covered = (name: string) => allowed.some((one) => name === one || name.endsWith(`.${one}`))
  const [host = ''] = wanted
  if (!covered(host))
    return {
      fault: `it is for ${allowed.join(' and ')}, and the room is now ${host}: docs/door.md, "Another name"`,
    }
  return { names: wanted.filter(covered), beyond: wanted.filter((name) => !covered(name)) }
}
