import type { SentStatus } from '../pages/status.ts'
import { copiedThere, forgetClipboard, shareClipboard } from './clipboard.ts'
import { forgetFiles, showFiles } from './files.ts'
import { follow } from './follow.ts'
import { noticesOf } from './notices.ts'
import * as overlay from './overlay.ts'
import { block, button, CLOSED, element, firstStatus, post, say, stillMine } from './page.ts'
import { openScreen, type Screen } from './screen.ts'

/**
 * The window of a desktop. The server tells what becomes of the desktop; while it is ready there is a screen, and when
 * it moves, falls or comes back the screen follows by itself.
 */

let status: SentStatus = firstStatus
/** When the desktop will be stopped, by this page's monotonic clock: the clock of this PC may be wrong. */
let ends = endOf(status)
let screen: Screen | undefined
/** Why there is to be no screen although the desktop is ready; undefined while there is. */
let held: 'taken' | 'away' | 'again' | 'ended' | undefined
let tries = 0
let retry: ReturnType<typeof setTimeout> | undefined
let picture = false
/** Whether this tab ever had the picture. */
let had = false
/** The start of the desktop that the screen belongs to. */
let shownPod: string | undefined

const size = element('size', HTMLSelectElement)
const SLOW = 90_000
const begun = performance.now()

function endOf({ stopsIn }: SentStatus): number | undefined {
  return stopsIn === undefined ? undefined : performance.now() + stopsIn
}

function told(now: SentStatus): void {
  const before = status
  status = now
  ends = endOf(status)
  if (status.state === 'ready' && status.pod !== before.pod) tries = 0
  refresh()
}

/** Whoever comes to this browser next finds nothing of the person in a tab that was left. */
function end(): void {
  held = 'ended'
  screen?.close()
  for (const panel of document.querySelectorAll('dialog')) panel.close()
  forgetFiles()
  forgetClipboard()
  refresh()
}

function refresh(): void {
  const { pc } = status
  block('where').textContent = pc ? say('on', { pc }) : ''
  warn(held === undefined ? ends : undefined)
  noticesOf(status.state === 'ready' && held === undefined ? status.pod : undefined)
  if (held === 'ended') {
    overlay.show({
      title: say('endedTitle'),
      text: say('endedText'),
      go: { name: 'login', to: '/login?after=ended' },
    })
  } else if (status.state === 'off') {
    screen?.close()
    // Whoever switches it on again is at another tab, maybe at another PC: this one must not take their screen.
    if (had) held ??= 'again'
    overlay.show({ ...status, go: { name: 'choose', to: '/desktop' } })
  } else if (status.state !== 'ready') {
    const slow = status.state === 'coming' && !status.trouble && performance.now() - begun > SLOW
    overlay.show({
      ...status,
      giveUp: status.state,
      ...(slow ? { more: say('slow') } : {}),
      ...(status.files ? { act: { name: 'files', does: showFiles } as const } : {}),
    })
  } else if (held === 'taken') {
    overlay.show({ title: say('takenTitle'), text: say('takenText'), act: { name: 'take', does: takeUp } })
  } else if (held === 'again') {
    overlay.show({ title: say('againTitle'), text: say('againText'), act: { name: 'take', does: takeUp } })
  } else if (held === 'away') {
    overlay.show({ title: say('awayTitle'), text: say('awayText'), act: { name: 'connect', does: takeUp } })
  } else {
    connect()
  }
}

function takeUp(): void {
  held = undefined
  tries = 0
  refresh()
}

function connect(): void {
  if (screen && shownPod !== status.pod) {
    // It moved: the old connection may seem to stand for long, yet nobody is there.
    const old = screen
    screen = undefined
    picture = false
    old.close()
  }
  if (screen && picture) overlay.hide()
  if (screen || retry) return
  shownPod = status.pod
  if (!picture)
    overlay.show({
      title: say(tries > 0 ? 'reconnecting' : 'connecting'),
      text: status.text,
      steps: status.steps,
    })
  // Not before it is looked at: tabs behind would take the screen from the one that somebody works at.
  if (document.hidden) return
  const mine = openScreen(size.value)
  screen = mine
  mine.onPicture = () => {
    picture = true
    had = true
    tries = 0
    overlay.hide()
    mine.focus()
  }
  mine.onClipboard = copiedThere
  mine.onEnd = (code) => {
    if (screen !== mine) return
    screen = undefined
    picture = false
    if (code === CLOSED.takenOver) held = 'taken'
    if (code === CLOSED.ended) return end()
    if (held !== undefined || status.state !== 'ready') {
      refresh()
      return
    }
    overlay.show({ title: say('reconnecting'), text: status.text })
    again()
  }
}

/** Half a second, then twice as long each time, five seconds at most; a little different for every tab. */
function again(): void {
  const pause = Math.min(5_000, 300 * 2 ** tries) * (0.75 + Math.random() / 2)
  tries++
  retry = setTimeout(async () => {
    retry = undefined
    if (tries > 3 && (await stillMine()) === false) end()
    else refresh()
  }, pause)
}

const warning = block('warning')
let ticking: ReturnType<typeof setInterval> | undefined

/** `at`: by this page's monotonic clock. */
function warn(at: number | undefined): void {
  clearInterval(ticking)
  warning.hidden = at === undefined
  if (at === undefined) return
  const write = () => {
    const minutes = Math.ceil((at - performance.now()) / 60_000)
    const { text = '', soon = '', minutes: some = '' } = warning.dataset
    const time = minutes < 1 ? soon : some.replace('{minutes}', String(minutes))
    const line = text.replace('{time}', time)
    const place = warning.querySelector('span')
    if (place && place.textContent !== line) place.textContent = line
  }
  write()
  ticking = setInterval(write, 10_000)
}

button('keep').addEventListener('click', () => {
  void post('/desktop/keep').then(({ ok }) => {
    if (ok) warning.hidden = true
    screen?.focus()
  })
})
button('cad').addEventListener('click', () => {
  screen?.keys()
  screen?.focus()
})
button('away').addEventListener('click', () => {
  held = 'away'
  screen?.close()
  refresh()
})

shareClipboard((text) => screen?.paste(text))

button('restart').addEventListener('click', () => element('restart-panel', HTMLDialogElement).showModal())
for (const panel of document.querySelectorAll('dialog'))
  panel.addEventListener('close', () => screen?.focus())

size.addEventListener('change', () => {
  screen?.size(size.value)
  screen?.focus()
})

const full = button('full')
full.addEventListener('click', () => {
  if (document.fullscreenElement) void document.exitFullscreen()
  else void document.documentElement.requestFullscreen().catch(() => {})
})
document.addEventListener('fullscreenchange', () => {
  const text = (document.fullscreenElement ? full.dataset.leave : full.dataset.enter) ?? ''
  full.title = text
  const label = full.querySelector('span')
  if (label) label.textContent = text
  screen?.focus()
})

const tools = block('tools')
const shower = button('show')
function fold(away: boolean): void {
  tools.hidden = away
  shower.hidden = !away
  if (away) screen?.focus()
  else full.focus()
}
button('hide').addEventListener('click', () => fold(true))
shower.addEventListener('click', () => fold(false))

// The screen takes every key, so one chord leads out of it, whatever has the focus.
window.addEventListener(
  'keydown',
  (event) => {
    if (!(event.ctrlKey && event.altKey && event.shiftKey && event.code === 'KeyB')) return
    event.preventDefault()
    event.stopImmediatePropagation()
    fold(false)
  },
  { capture: true },
)

document.addEventListener('visibilitychange', refresh)
follow({ told, ended: end })
refresh()
