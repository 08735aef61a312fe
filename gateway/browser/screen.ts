import RFB from './novnc/core/rfb.js'
import { block } from './page.ts'

/** The picture of the desktop, as long as one connection lasts. */
export interface Screen {
  /** Why it ended: the websocket's code. Called once. */
  onEnd: (code: number) => void
  onPicture: () => void
  onClipboard: (text: string) => void
  close(): void
  keys(): void
  paste(text: string): void
  size(how: string): void
  focus(): void
}

const target = block('screen')

/** Connects. The address names nobody: whose desktop it is follows from the session. */
export function openScreen(size: string): Screen {
  const socket = new WebSocket(`wss://${location.host}/screen`)
  socket.binaryType = 'arraybuffer'
  const rfb = new RFB(target, socket, { shared: true })
  rfb.background = 'transparent'
  rfb.showDotCursor = true
  let ended = false
  const screen: Screen = {
    onEnd: () => {},
    onPicture: () => {},
    onClipboard: () => {},
    close: () => rfb.disconnect(),
    keys: () => rfb.sendCtrlAltDel(),
    paste: (text) => rfb.clipboardPasteFrom(text),
    focus: () => rfb.focus({ preventScroll: true }),
    size(how) {
      rfb.resizeSession = how === 'fit'
      rfb.scaleViewport = how !== 'plain'
      rfb.clipViewport = how === 'plain'
      rfb.dragViewport = false
    },
  }
  screen.size(size)
  const end = (code: number) => {
    if (ended) return
    ended = true
    screen.onEnd(code)
  }
  socket.addEventListener('close', ({ code }) => end(code))
  // When noVNC itself gives up, the socket may still be there.
  rfb.addEventListener('disconnect', () => setTimeout(() => end(1006), 0))
  rfb.addEventListener('connect', () => screen.onPicture())
  rfb.addEventListener('clipboard', (event) => {
    if (event instanceof CustomEvent) screen.onClipboard(String(event.detail.text))
  })
  return screen
}
