import { amount } from './amount.ts'
import { block, button, desk, element, say } from './page.ts'

/** The clipboard that browser and desktop share: its panel, and what passes by itself. What cannot pass is said. */

const panel = element('clip-panel', HTMLDialogElement)
const field = element('clip-text', HTMLTextAreaElement)
const notice = block('notice')
const longest = Number(desk.dataset.clipboard)
/** A text that was refused once is not refused again each time the person returns to this window. */
let refused: string | undefined

/** Bytes of a text as RFB carries it; see `config/clipboard.ts`. */
const sizeOf = (text: string): number => new Blob([text.replace(/\r\n|\r|\n/g, '\r\n')]).size + 1

/** `give` hands a text to the desktop. */
export function shareClipboard(give: (text: string) => void): void {
  const pass = (text: string): boolean => {
    if (sizeOf(text) > longest) {
      tell(say('clipLong', { most: amount(longest) }))
      return false
    }
    tell(undefined)
    give(text)
    return true
  }
  button('clip').addEventListener('click', () => {
    panel.showModal()
    field.focus()
  })
  button('clip-send').addEventListener('click', () => {
    if (pass(field.value)) panel.close()
  })
  button('clip-copy').addEventListener('click', () => {
    field.select()
    void navigator.clipboard?.writeText(field.value).catch(() => {})
  })
  button('notice-close').addEventListener('click', () => tell(undefined))
  panel.addEventListener('close', () => {
    block('clip-said').hidden = true
  })
  /** What was copied elsewhere comes along when the person returns to this window, where the browser allows it. */
  window.addEventListener('focus', async () => {
    const allowed = await navigator.permissions
      ?.query({ name: 'clipboard-read' as PermissionName })
      .catch(() => undefined)
    if (allowed?.state !== 'granted') return
    const text = await navigator.clipboard.readText().catch(() => '')
    if (text === '' || text === field.value || text === refused) return
    if (pass(text)) field.value = text
    else refused = text
  })
}

/** What was copied on the desktop; undefined where it was, and does not come. */
export function copiedThere(text: string | undefined): void {
  if (text === undefined) tell(say('clipLost'))
  else {
    tell(undefined)
    field.value = text
    // Browsers allow it while the page has the focus; the panel holds it all the same.
    void navigator.clipboard?.writeText(text).catch(() => {})
  }
}

/** In the panel where it is open, since nothing beside it is seen; else over the screen, until it is put away. */
function tell(text: string | undefined): void {
  const inside = block('clip-said')
  inside.hidden = text === undefined || !panel.open
  notice.hidden = text === undefined || panel.open
  if (text === undefined) return
  inside.textContent = panel.open ? text : ''
  block('notice-text').textContent = panel.open ? '' : text
}

/** Leaves nothing of what was copied here or there. */
export function forgetClipboard(): void {
  field.value = ''
  tell(undefined)
}
