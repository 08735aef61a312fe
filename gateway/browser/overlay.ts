import type { SentStatus } from '../pages/status.ts'
import { block, button, element } from './page.ts'

/** The card over the screen. */

const overlay = block('overlay')
const act = button('act')
const go = element('go', HTMLAnchorElement)
const giveUp = element('give-up', HTMLFormElement)
let onAct: (() => void) | undefined

act.addEventListener('click', () => onAct?.())

export interface Card {
  readonly title: string
  readonly text: string
  readonly more?: string
  readonly steps?: SentStatus['steps']
  readonly trouble?: boolean
  /** A button of the page, by the name of its sentence. */
  readonly act?: { readonly name: 'take' | 'connect' | 'files'; readonly does: () => void }
  /** A way to another page, by the name of its sentence. */
  readonly go?: { readonly name: 'login' | 'choose'; readonly to: string }
  /** Whether the desktop can be called off, and what it is doing. */
  readonly giveUp?: 'waiting' | 'coming'
}

export function show(card: Card): void {
  write('status-title', card.title)
  write('status-text', card.text)
  write('status-more', card.more ?? '')
  block('status-text').classList.toggle('trouble', card.trouble ?? false)
  showSteps(card.steps ?? [])
  act.hidden = card.act === undefined
  onAct = card.act?.does
  if (card.act) act.textContent = act.dataset[card.act.name] ?? ''
  go.hidden = card.go === undefined
  if (card.go) {
    go.textContent = go.dataset[card.go.name] ?? ''
    go.href = card.go.to
  }
  giveUp.hidden = card.giveUp === undefined
  if (card.giveUp) write('give-up-text', button('give-up-text').dataset[card.giveUp] ?? '')
  const appears = overlay.hidden
  overlay.hidden = false
  // Whoever cannot see the card must not be left in a screen that is gone.
  if (appears || document.activeElement === document.body)
    (card.act ? act : card.go ? go : undefined)?.focus()
}

export function hide(): void {
  overlay.hidden = true
}

/** Written only when it changes: a screen reader reads every change. */
function write(id: string, text: string): void {
  const at = block(id)
  if (at.textContent !== text) at.textContent = text
}

function showSteps(steps: SentStatus['steps']): void {
  const list = block('status-steps')
  while (list.children.length > steps.length) list.lastElementChild?.remove()
  for (const [index, { text, state }] of steps.entries()) {
    const item = list.children[index] ?? list.appendChild(document.createElement('li'))
    if (item.textContent !== text) item.textContent = text
    if (item.className !== state) item.className = state
    if (state === 'now') item.setAttribute('aria-current', 'step')
    else item.removeAttribute('aria-current')
  }
}
