/**
 * Keys by which Chromium would open windows, menus or its task manager. What edits a text, finds, enlarges, loads anew or goes back stays.
 *
 * @param {{ key: string, ctrlKey: boolean, metaKey: boolean, shiftKey: boolean, altGraph: boolean }} pressed
 */
function opensSomething({ key, ctrlKey, metaKey, shiftKey, altGraph }) {
  if (/^F\d+$/.test(key)) return key !== 'F5'
  if (/^(Browser|Launch)/.test(key)) return !['BrowserBack', 'BrowserForward', 'BrowserRefresh'].includes(key)
  if (key === 'Escape') return shiftKey
  return (ctrlKey || metaKey) && !altGraph && key.length === 1 && !'acvxzyrf+-=0'.includes(key.toLowerCase())
}
Object.assign(globalThis, { opensSomething })
