/**
 * What may be wrong with a desktop, in words that its bridge says and its gateway turns into sentences. Whoever sits at a
 * desktop may make its bridge say anything: the gateway knows these words, and passes nothing else on.
 */

/**
 * Why a desktop does not come up: the disk of all homes is full, the person's share of it is used up, the lock of the
 * home cannot be used, the home cannot be reached, XFCE ends again and again.
 */
export const OBSTACLES = ['full', 'quota', 'lock', 'storage', 'session'] as const
export type Obstacle = (typeof OBSTACLES)[number]

/** The folders of a home that a desktop itself writes to, each after the one that it is in. */
export const HOME_PLACES = [
  '.config',
  '.config/xfce4',
  '.config/xfce4/xfconf',
  '.config/xfce4/xfconf/xfce-perchannel-xml',
  '.local',
  '.local/share',
  '.local/state',
  '.local/state/deskfleet',
  '.local/state/deskfleet/sessions',
] as const
export type HomePlace = (typeof HOME_PLACES)[number]

/**
 * What a person is to know of a desktop that runs: nothing can be saved (as above), a place is not theirs to write to,
 * something that is no folder stands in its place, there was no room to make it, or the desktop ended with their settings and
 * runs without them.
 */
export const NOTICES = ['full', 'quota', 'foreign', 'blocked', 'unmade', 'bare'] as const
export interface Notice {
  readonly what: (typeof NOTICES)[number]
  /** Of a place. */
  readonly place?: HomePlace
}
