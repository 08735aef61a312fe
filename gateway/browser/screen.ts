import RFB from './novnc/core/rfb.js'
import { block, desk, session } from './page.ts'

/** The picture of the desktop, as long as one connection lasts. */
export interface Screen {
  /** Why it ended: the websocket's code. Called once. */
  onEnd: (code: number) => void
  onPicture: () => void
  /** What was copied on the desktop; undefined when it was asked for and does not come. */
  onClipboard: (text: string | undefined) => void
  close(): void
  keys(): void
  paste(text: string): void
  size(how: string): void
  focus(): void
}

const target = block('screen')
/** Ms until what was copied on the desktop has to be here. Xvnc takes a text in one piece or not at all, and says nothing. */
const COPIED_WITHIN = 5_000

/** Connects. The address names nobody, but the session that must be the browser's: whose desktop it is follows from that one. */
export function openScreen(size: string): Screen {
  const socket = new WebSocket(`wss://${location.host}/screen?session=${session}`)
  socket.binaryType = 'arraybuffer'
  const rfb = new Fitting(target, socket, { shared: true })
  rfb.background = 'transparent'
  rfb.showDotCursor = true
  let ended = false
  let awaited: ReturnType<typeof setTimeout> | undefined
  whenAsked(socket, () => {
    clearTimeout(awaited)
    awaited = setTimeout(() => screen.onClipboard(undefined), COPIED_WITHIN)
  })
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
    clearTimeout(awaited)
    screen.onEnd(code)
  }
  socket.addEventListener('close', ({ code }) => end(code))
  // When noVNC itself gives up, the socket may still be there.
  rfb.addEventListener('disconnect', () => setTimeout(() => end(1006), 0))
  rfb.addEventListener('connect', () => screen.onPicture())
  rfb.addEventListener('clipboard', (event) => {
    clearTimeout(awaited)
    if (event instanceof CustomEvent) screen.onClipboard(String(event.detail.text))
  })
  return screen
}

/** The most pixels that the desktop's memory holds, by its template; its bridge refuses more. */
const most = Number(desk.dataset.pixels)

/**
 * noVNC asks for the size of the window, as often as it does not get it. A window that is larger than the desktop's
 * memory holds gets the largest screen of its shape, which noVNC then scales.
 */
class Fitting extends RFB {
  #asking = false

  protected override _requestRemoteResize(): void {
    this.#asking = true
    super._requestRemoteResize()
    this.#asking = false
  }

  protected override _screenSize(): { w: number; h: number } {
    const { w, h } = super._screenSize()
    // Called by noVNC's constructor, too, when the field is not there yet.
    const share = #asking in this && this.#asking ? Math.sqrt(most / (w * h)) : 1
    return share < 1 ? { w: Math.floor(w * share), h: Math.floor(h * share) } : { w, h }
  }
}

/** Sees noVNC ask for what was copied on the desktop: RFB's extended clipboard message with the one action *request*. */
function whenAsked(socket: WebSocket, asked: () => void): void {
  const send = socket.send.bind(socket)
  socket.send = (data) => {
    if (data instanceof Uint8Array && data[0] === 6 && (data[4] ?? 0) >= 0x80 && data[8] === 2) asked()
    send(data)
  }
}
