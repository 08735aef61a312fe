import type { Options } from './facts.ts'
import { isFenced, type View } from './view.ts'

export const ALLOWED = 'auth.ssl-allow'
const QUORUM = 'cluster.quorum-type'

/** Whose certificates the bricks accept: of every PC of the room, since each mounts the volume, but those fenced. */
export const allowedNames = (view: Pick<View, 'pcs' | 'memory'>): string =>
  view.pcs
    .map(({ name }) => name)
    .filter((name) => !isFenced(view, name))
    .sort()
    .join(',')

export const namesIn = (allowed: string): string[] => allowed.split(',').filter((one) => one !== '')

/**
 * Options that the volume ought to have and has not.
 *
 * The quorum of its clients is best set by nobody: Gluster itself then asks for the majority of three and more and for
 * nothing of two, from the moment at which the number of bricks changes. A value that somebody did set stays when that
 * number changes, and is put right.
 */
export function optionsLacking(view: View): Options {
  const { policy, volume } = view
  if (volume === undefined) return {}
  const quorum = volume.options[QUORUM] === undefined ? {} : { [QUORUM]: volume.width > 2 ? 'auto' : 'none' }
  const birth = volume.status === 'started' ? {} : policy.birth
  const wanted: Options = { ...policy.options, ...birth, ...quorum, [ALLOWED]: allowedNames(view) }
  return Object.fromEntries(Object.entries(wanted).filter(([name, value]) => volume.options[name] !== value))
}
