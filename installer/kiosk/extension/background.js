import './settings.js'
import { arrived, isLost, placeOf } from './rules.js'

/**
 * Watches the pages of this browser: ends it when somebody has logged out, and shows a page of its own instead of Chromium's
 * when the room cannot be reached. Chromium may stop this at any time and start it again; what must last is in `session`.
 */

/** @param {string} url */
const isElsewhere = (url) => placeOf(SCREEN.door, url) === 'elsewhere'

chrome.webNavigation.onCommitted.addListener(async ({ frameId, tabId, url }) => {
  if (frameId !== 0) return
  if (isElsewhere(url)) {
    if (!url.startsWith(chrome.runtime.getURL(''))) void wait(tabId)
    return
  }
  const { used = false } = await chrome.storage.session.get('used')
  const now = arrived(used === true, SCREEN.door, url)
  if (now.used !== used) await chrome.storage.session.set({ used: now.used })
  if (now.end !== undefined) setTimeout(end, now.end)
})

/** The last window ends the browser; what starts it wipes all that it kept. */
async function end() {
  for (const { id } of await chrome.windows.getAll()) if (id !== undefined) await chrome.windows.remove(id)
}

/** @param {number} tabId @param {string} [error] As Chromium names it, or `service` */
const wait = (tabId, error) =>
  chrome.tabs
    .update(tabId, { url: chrome.runtime.getURL(`wait.html${error ? `#${error}` : ''}`) })
    // It was closed meanwhile.
    .catch(() => {})

/** The browser begins with an empty page, before this is there: no login is shown where this is not. Each browser is a new one. */
chrome.runtime.onInstalled.addListener(async () => {
  const [tab] = await chrome.tabs.query({})
  if (tab?.id === undefined) return
  await chrome.storage.session.set({ screen: tab.id })
  void wait(tab.id)
})

/** One page at a time, as there is nothing to choose among several by: what opens another is shown in its place, if it is of the room. */
const screenTab = async () => (await chrome.storage.session.get('screen')).screen
chrome.tabs.onCreated.addListener(async ({ id }) => {
  const screen = await screenTab()
  if (id !== undefined && screen !== undefined && id !== screen) void chrome.tabs.remove(id)
})
chrome.webNavigation.onCreatedNavigationTarget.addListener(async ({ url }) => {
  const screen = await screenTab()
  if (screen !== undefined && !isElsewhere(url)) void chrome.tabs.update(screen, { url })
})

chrome.webNavigation.onErrorOccurred.addListener(({ frameId, tabId, error, url }) => {
  if (frameId !== 0 || !isLost(error)) return
  const place = placeOf(SCREEN.door, url)
  void wait(tabId, place === 'elsewhere' ? undefined : place === 'service' ? 'service' : error)
})

/** Each page holds a line to here: it breaks when the page goes, by itself or with its process. */
/** @type {Map<number, chrome.runtime.Port>} */
const lines = new Map()
/** Ms until the next page of a tab has its own line. */
const NEXT = 2_000

chrome.runtime.onConnect.addListener((line) => {
  const id = line.sender?.tab?.id
  if (id === undefined) return
  lines.set(id, line)
  line.onMessage.addListener(() => {})
  line.onDisconnect.addListener(() => {
    if (lines.get(id) !== line) return
    lines.delete(id)
    setTimeout(async () => {
      if (lines.has(id)) return
      const tab = await chrome.tabs.get(id).catch(() => undefined)
      // Its process has died: Chromium would show a sad face until somebody reloads.
      if (tab?.url && !isElsewhere(tab.url) && tab.status !== 'loading') void chrome.tabs.reload(id)
    }, NEXT)
  })
})
