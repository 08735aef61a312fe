import { reasonOf } from './rules.js'

/**
 * Stands on the screen while the room cannot be shown: says why, asks again, and leads on by itself. It is the first page as well.
 */

const { door } = SCREEN
/** Ms between two tries, and for one. */
const PAUSE = 2_000
const PATIENCE = 4_000
/** Until it leads on once more: a key may have stopped the page that was to come. */
const LEADS = 10_000
/** Until somebody who asked for a service has read that it is not there. */
const READ = 5_000

/** @type {string | undefined} */
let error = location.hash.slice(1) || undefined
chrome.webRequest.onErrorOccurred.addListener(
  (failed) => {
    error = failed.error
  },
  { urls: [`${door}/*`] },
)

/** @param {string} id @param {string} text */
function write(id, text) {
  const place = document.getElementById(id)
  if (place && place.textContent !== text) place.textContent = text
}

function tell() {
  const [title = '', text = ''] = WORDS[error === undefined ? 'opens' : reasonOf(error)]
  write('title', title)
  write('text', text)
  write(
    'error',
    error === undefined
      ? ''
      : WORDS.administrator.replace('{door}', door).replace('{error}', error.replace('net::', '')),
  )
}

let looking = false
async function look() {
  if (looking) return
  looking = true
  const pause = (await reaches()) ? LEADS : PAUSE
  if (pause === LEADS) location.replace(`${door}/desktop`)
  else tell()
  looking = false
  setTimeout(look, pause)
}

async function reaches() {
  try {
    await fetch(`${door}/robots.txt`, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) })
    return true
  } catch (failed) {
    // Nobody was asked for so long that the request itself did not fail.
    if (failed instanceof DOMException && failed.name === 'TimeoutError') error = 'net::ERR_TIMED_OUT'
    error ??= 'net::ERR_FAILED'
    return false
  }
}

tell()
if (error === 'service') setTimeout(look, READ)
else {
  window.addEventListener('online', look)
  void look()
}
