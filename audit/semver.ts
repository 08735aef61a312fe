import { compare } from 'semver'

/** Orders versions of Go and of its database of advisories: a `v` before them or not, and numbers left out are 0. */
export const compareVersions = (one: string, other: string): number => compare(whole(one), whole(other))

/** The database begins ranges at `0`, and Go's own first versions had two numbers. */
function whole(version: string): string {
  const [, numbers = '0', rest = ''] = /^v?([\d.]+)(.*)$/.exec(version) ?? []
  return `${[...numbers.split('.'), '0', '0'].slice(0, 3).join('.')}${rest}`
}
