import { type IdentitySpec, isOutdated } from '../../config/identity.ts'
import { isMassLoss } from '../../service/brake.ts'
import type { Desktop, StopReason } from '../desktops/desktop.ts'

/** How a person stands, as far as their desktop goes; undefined for somebody whom the cluster does not know. */
export type StandingOf = (slug: string) => IdentitySpec | undefined

export interface Leaving {
  readonly stops: readonly { readonly slug: string; readonly version: string; readonly why: StopReason }[]
  /** How many desktops of people who are gone run on, since so many at once are rather a fault; 0 mostly. */
  readonly held: number
  /** Since when a desktop runs on that was begun with an earlier password, in ms; for the next look. */
  readonly outdated: ReadonlyMap<string, number>
}

/**
 * Ms that a desktop goes on after a new password was set: whoever set it themselves logs in with it meanwhile, and
 * keeps their desktop.
 */
export const OUTDATED_PATIENCE = 30_000

/**
 * Desktops that end although somebody may be at them: of people who were removed or locked, and of people whose new
 * password nobody has logged in with. Pure.
 */
export function leaving(
  desktops: readonly Desktop[],
  standingOf: StandingOf,
  before: ReadonlyMap<string, number>,
  now: number,
): Leaving {
  // Somebody else may have the login by now.
  const specOf = ({ slug, entryUUID }: Desktop): IdentitySpec | undefined => {
    const spec = standingOf(slug)
    return spec?.entryUUID === entryUUID ? spec : undefined
  }
  const on = desktops.filter((desktop) => desktop.on)
  const gone = on.filter((desktop) => specOf(desktop) === undefined)
  const held = isMassLoss(gone.length, on.length) ? gone.length : 0
  const outdated = new Map<string, number>()
  const stops = on.flatMap((desktop): Leaving['stops'][number][] => {
    const { slug, version, passwordSet } = desktop
    const standing = specOf(desktop)
    if (!standing) return held > 0 ? [] : [{ slug, version, why: 'Removed' }]
    if (standing.locked) return [{ slug, version, why: 'Locked' }]
    if (!isOutdated(passwordSet, standing)) return []
    const since = before.get(slug) ?? now
    outdated.set(slug, since)
    return now - since < OUTDATED_PATIENCE ? [] : [{ slug, version, why: 'PasswordSet' }]
  })
  return { stops, held, outdated }
}
