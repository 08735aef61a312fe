/** How far a release raises the version, or the version itself. */
export type Raise = 'major' | 'minor' | 'patch' | (string & {})

const PLAIN = /^(\d+)\.(\d+)\.(\d+)$/

/** The version that a release of `current` gets, or why there is none. */
export function nextVersion(
  current: string,
  raise: Raise,
): { readonly version: string } | { readonly fault: string } {
  const parts = numbersOf(current)
  if (parts === undefined)
    return { fault: `package.json has the version ${current}, which is not MAJOR.MINOR.PATCH` }
  const [major, minor, patch] = parts
  if (raise === 'major') return { version: `${major + 1}.0.0` }
  if (raise === 'minor') return { version: `${major}.${minor + 1}.0` }
  if (raise === 'patch') return { version: `${major}.${minor}.${patch + 1}` }
  const asked = numbersOf(raise)
  if (asked === undefined)
    return { fault: `"${raise}" is neither major, minor, patch nor a version such as 1.2.3` }
  if (compare(asked, parts) < 0) return { fault: `${raise} is lower than ${current}` }
  return { version: raise }
}

type Numbers = readonly [number, number, number]

function numbersOf(version: string): Numbers | undefined {
  const [, major, minor, patch] = PLAIN.exec(version) ?? []
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch)]
}

const compare = (one: Numbers, other: Numbers): number =>
  one[0] - other[0] || one[1] - other[1] || one[2] - other[2]
