import { block, button, CLOSED, element, firstTold, post, say, type Told } from './page.ts'
import './files.ts'
import { openScreen, type Screen } from './screen.ts'
import * as veil from './veil.ts'

/**
 * The window of a desktop. The server tells what becomes of the desktop; while it is ready there is a screen, and when
 * it moves, falls or comes back the screen follows by itself.
 */

let told: Told = firstTold
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
const clipText = element('clip-text', HTMLTextAreaElement)
const SLOW = 90_000
const begun = Date.now()

function follow(): void {
  const events = new EventSource('/desktop/events')
  events.addEventListener('message', ({ data }) => {
    const before = told
    told = JSON.parse(data)
    if (told.state === 'ready' && told.pod !== before.pod) tries = 0
    refresh()
  })
  events.addEventListener('ended', () => {
    events.close()
    end()
  })
  events.addEventListener('error', () => {
    // The browser itself tries again, unless it was refused.
    if (events.readyState !== EventSource.CLOSED) return
    void whoAmI().then((known) => {
      if (known === false) end()
      else setTimeout(follow, 2_000)
    })
  })
}

/** Whether the session is still good; undefined when nobody answers. */
const whoAmI = (): Promise<boolean | undefined> =>
  fetch('/desktop', { method: 'HEAD', headers: { Accept: 'application/json' } }).then(
    ({ status }) => status !== 401,
    () => undefined,
  )

function end(): void {
  held = 'ended'
  screen?.close()
  refresh()
}

function refresh(): void {
  const { pc, stopsAt } = told
  block('where').textContent = pc ? say('on', { pc }) : ''
  warn(held === undefined ? stopsAt : undefined)
  if (held === 'ended') {
    veil.show({
      title: say('endedTitle'),
      text: say('endedText'),
      go: { name: 'login', to: '/login?after=ended' },
    })
  } else if (told.state === 'off') {
    screen?.close()
    // Whoever switches it on again is at another tab, maybe at another PC: this one must not take their screen.
    if (had) held ??= 'again'
    veil.show({ ...told, go: { name: 'choose', to: '/desktop' } })
  } else if (told.state !== 'ready') {
    const slow = told.state === 'coming' && !told.trouble && Date.now() - begun > SLOW
    veil.show({ ...told, giveUp: told.state, ...(slow ? { more: say('slow') } : {}) })
  } else if (held === 'taken') {
    veil.show({ title: say('takenTitle'), text: say('takenText'), act: { name: 'take', does: takeUp } })
  } else if (held === 'again') {
    veil.show({ title: say('againTitle'), text: say('againText'), act: { name: 'take', does: takeUp } })
  } else if (held === 'away') {
    veil.show({ title: say('awayTitle'), text: say('awayText'), act: { name: 'connect', does: takeUp } })
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
  if (screen && shownPod !== told.pod) {
    // It moved: the old connection may seem to stand for long, yet nobody is there.
    const old = screen
    screen = undefined
    picture = false
    old.close()
  }
  if (screen && picture) veil.hide()
  if (screen || retry) return
  shownPod = told.pod
  if (!picture)
    veil.show({ title: say(tries > 0 ? 'reconnecting' : 'connecting'), text: told.text, steps: told.steps })
  const mine = openScreen(size.value)
  screen = mine
  mine.onPicture = () => {
    picture = true
    had = true
    tries = 0
    veil.hide()
    mine.focus()
  }
  mine.onClipboard = (text) => {
    clipText.value = text
    // Browsers allow it while the page has the focus; the panel holds it all the same.
    void navigator.clipboard?.writeText(text).catch(() => {})
  }
  mine.onEnd = (code) => {
    if (screen !== mine) return
    screen = undefined
    picture = false
    if (code === CLOSED.takenOver) held = 'taken'
    if (code === CLOSED.ended) held = 'ended'
    if (held !== undefined || told.state !== 'ready') {
      refresh()
      return
    }
    veil.show({ title: say('reconnecting'), text: told.text })
    again()
  }
}

/** Half a second, then twice as long each time, five seconds at most; a little different for every tab. */
function again(): void {
  const pause = Math.min(5_000, 300 * 2 ** tries) * (0.75 + Math.random() / 2)
  tries++
  retry = setTimeout(async () => {
    retry = undefined
    if (tries > 3 && (await whoAmI()) === false) end()
    else refresh()
  }, pause)
}

const warning = block('warning')
let ticking: ReturnType<typeof setInterval> | undefined

function warn(stopsAt: number | undefined): void {
  clearInterval(ticking)
  warning.hidden = stopsAt === undefined
  if (stopsAt === undefined) return
  const write = () => {
    const minutes = Math.ceil((stopsAt - Date.now()) / 60_000)
    const { text = '', soon = '', minutes: some = '' } = warning.dataset
    const time = minutes < 1 ? soon : some.replace('{minutes}', String(minutes))
    const line = text.replace('{time}', time)
    const at = warning.querySelector('span')
    if (at && at.textContent !== line) at.textContent = line
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

const clip = element('clip-panel', HTMLDialogElement)
button('clip').addEventListener('click', () => {
  clip.showModal()
  clipText.focus()
})
button('clip-send').addEventListener('click', () => {
  screen?.paste(clipText.value)
  clip.close()
})
button('clip-copy').addEventListener('click', () => {
  clipText.select()
  void navigator.clipboard?.writeText(clipText.value).catch(() => {})
})
/** What was copied elsewhere comes along when the person returns to this window, where the browser allows it. */
window.addEventListener('focus', async () => {
  const allowed = await navigator.permissions
    ?.query({ name: 'clipboard-read' as PermissionName })
    .catch(() => undefined)
  if (allowed?.state !== 'granted') return
  const text = await navigator.clipboard.readText().catch(() => '')
  if (text !== '' && text !== clipText.value) {
    clipText.value = text
    screen?.paste(text)
  }
})

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

follow()
refresh()
