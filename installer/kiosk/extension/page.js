/** On every page of the room and its services: says that the network is gone, and that this PC is about to log out. */
;(() => {
  /** Ms between two looks, and for one: a cable that is pulled is told at once, a network that is silent in some ten seconds. */
  const LOOK = 5_000
  const PATIENCE = 3_000
  /** The word of a logout that is near comes a minute before. */
  const AHEAD = Math.min(60, SCREEN.idleSeconds / 2)
  const isRoom = location.origin === SCREEN.door
  const isLogin = isRoom && location.pathname === '/login'
  const notice = document.createElement('deskfleet-screen')
  notice.setAttribute('role', 'alert')
  let lost = false
  let used = performance.now()
  function tell() {
    const idle = performance.now() - used > (SCREEN.idleSeconds - AHEAD) * 1_000
    const text = lost ? WORDS.lost : idle && !isLogin ? WORDS.nobody : ''
    if (notice.textContent !== text) notice.textContent = text
    if (text !== '' && !notice.isConnected) document.documentElement.append(notice)
  }

  /** Any answer counts, also one that leads elsewhere. Asked twice, since one request may fall between two connections. */
  async function reaches() {
    for (const _ of [1, 2]) {
      const answer = await fetch('/robots.txt', {
        cache: 'no-store',
        redirect: 'manual',
        signal: AbortSignal.timeout(PATIENCE),
      }).catch(() => undefined)
      if (answer) return true
    }
    return false
  }
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  async function look() {
    clearTimeout(timer)
    if (!document.hidden) lost = !(await reaches())
    tell()
    clearTimeout(timer)
    timer = setTimeout(look, lost ? LOOK / 4 : LOOK)
  }
  timer = setTimeout(look, LOOK)
  window.addEventListener('online', look)
  window.addEventListener('offline', look)
  document.addEventListener('visibilitychange', look)

  // The room's own scripts take keys away from whoever comes after them: this comes first, and takes none.
  for (const name of ['keydown', 'pointermove', 'pointerdown', 'wheel', 'touchstart'])
    window.addEventListener(
      name,
      () => {
        used = performance.now()
        if (notice.textContent === WORDS.nobody) tell()
      },
      { capture: true, passive: true },
    )
  setInterval(tell, 1_000)

  window.addEventListener(
    'keydown',
    (event) => {
      const { key, ctrlKey, metaKey, shiftKey } = event
      const altGraph = event.getModifierState('AltGraph')
      if (opensSomething({ key, ctrlKey, metaKey, shiftKey, altGraph })) event.preventDefault()
    },
    { capture: true },
  )

  /** The site of a service knows no way back to the desktop, and this browser shows neither address nor buttons. */
  function offerWayBack() {
    const way = document.createElement('deskfleet-back')
    const link = document.createElement('a')
    link.href = `${SCREEN.door}/desktop`
    link.textContent = WORDS.back
    way.append(link)
    document.documentElement.append(way)
  }
  if (!isRoom) offerWayBack()

  /** A line to who watches all pages: it breaks when this page dies. Chromium lets go of it where nothing is said for long. */
  function hold() {
    const line = chrome.runtime.connect()
    const word = setInterval(() => line.postMessage('here'), 20_000)
    line.onDisconnect.addListener(() => {
      clearInterval(word)
      if (chrome.runtime?.id) setTimeout(hold, 1_000)
    })
  }
  hold()
})()
