/** What the screen does about what it sees: pure. Plain JavaScript, since a PC has nothing that would build it. */

/**
 * What an address is, as seen from the room's door: one of its own pages, the site of a service below its name, or elsewhere.
 *
 * @param {string} door
 * @param {string} address
 * @returns {'room' | 'service' | 'elsewhere'}
 */
export function placeOf(door, address) {
  const [own, other] = [new URL(door), new URL(address)]
  if (other.origin === own.origin) return 'room'
  const isBelow = other.hostname.endsWith(`.${own.hostname}`) && other.port === own.port
  return isBelow && other.protocol === 'https:' ? 'service' : 'elsewhere'
}

/** Pages of the room that somebody reaches who is not logged in, and what comes without a page. */
const OUTSIDE = ['/login', '/robots.txt', '/favicon.ico', '/assets/']

/**
 * A page of the room or of a service has come up. `used` says whether somebody was logged in since this browser began; `end` that the
 * browser is to be ended, after so many ms: whoever arrives at the login after that has logged out, or was.
 *
 * @param {boolean} used
 * @param {string} door
 * @param {string} address
 * @returns {{ used: boolean, end?: number }}
 */
export function arrived(used, door, address) {
  if (placeOf(door, address) === 'service') return { used: true }
  const { pathname, searchParams } = new URL(address)
  const isLogin = pathname === '/login'
  if (used && isLogin) return { used, end: searchParams.get('after') === 'changed' ? READ : 0 }
  const isOutside = OUTSIDE.some((one) => (one.endsWith('/') ? pathname.startsWith(one) : pathname === one))
  return { used: used || !(isOutside || pathname.startsWith('/login/')) }
}

/** So long somebody may read that their password is changed. Ms. */
const READ = 5_000

/** What was called off by the page or the person, and no failure: the page before stays. */
const CALLED_OFF = ['net::ERR_ABORTED', 'net::ERR_UNSAFE_REDIRECT']

/**
 * Whether a page that did not come up is to be replaced by our own.
 *
 * @param {string} error
 */
export const isLost = (error) => !CALLED_OFF.includes(error)

/**
 * Why the room cannot be shown, by the name of its words.
 *
 * @param {string | undefined} error As Chromium names it, or `service`: the site of one did not come up
 * @returns {'network' | 'name' | 'clock' | 'trust' | 'room' | 'service'}
 */
export function reasonOf(error = '') {
  const name = error.replace('net::ERR_', '')
  if (name === 'service') return 'service'
  if (name === 'CERT_DATE_INVALID') return 'clock'
  if (name.startsWith('CERT_') || name.startsWith('SSL_')) return 'trust'
  if (name === 'NAME_NOT_RESOLVED' || name === 'NAME_RESOLUTION_FAILED') return 'name'
  if (['CONNECTION_REFUSED', 'CONNECTION_RESET', 'CONNECTION_CLOSED', 'EMPTY_RESPONSE'].includes(name))
    return 'room'
  return 'network'
}
