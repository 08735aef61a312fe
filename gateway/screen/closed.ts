import { SCREEN_CLOSED } from '../../config/names.ts'

/** Why a screen closed, for the page: the bridge's own codes, and ours beside them. */
export const CLOSED = {
  ...SCREEN_CLOSED,
  /** The session ended: log-out, a new password, an administrator, ten hours. */
  ended: 4010,
  /** The desktop could not be reached; the page tries again. */
  unreachable: 4011,
  /** This replica stops; another one takes over at once. */
  moving: 4012,
} as const
