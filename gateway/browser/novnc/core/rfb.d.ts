/** As much of noVNC's RFB as the page uses (docs/API.md of @novnc/novnc). */
export default class RFB extends EventTarget {
  constructor(target: HTMLElement, channel: WebSocket, options?: { shared?: boolean })
  scaleViewport: boolean
  resizeSession: boolean
  clipViewport: boolean
  dragViewport: boolean
  showDotCursor: boolean
  focusOnClick: boolean
  background: string
  disconnect(): void
  focus(options?: FocusOptions): void
  sendCtrlAltDel(): void
  clipboardPasteFrom(text: string): void
  /** noVNC's own, and no part of its API: see `Fitting` in `gateway/browser/screen.ts`. */
  protected _requestRemoteResize(): void
  protected _screenSize(): { w: number; h: number }
}
