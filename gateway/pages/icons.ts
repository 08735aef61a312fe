import { type Html, html } from '../html.ts'

const icon = (paths: Html): Html =>
  html`<svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">${paths}</svg>`

/** Two desks in one room: the mark of the product. */
export const LOGO = html`<svg class="logo" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false"><rect class="back" x="10" y="5" width="18" height="13" rx="3"/><rect class="front" x="4" y="10" width="18" height="13" rx="3"/><path class="foot" d="M13 23v4M8 27.5h10"/></svg>`

export const ICONS = {
  fullScreen: icon(html`<path d="M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4"/>`),
  clipboard: icon(html`<path d="M7 4H5v13h10V4h-2M7 3h6v3H7z"/>`),
  keys: icon(html`<path d="M2 5h16v10H2zM5 8h.01M8 8h.01M11 8h.01M14 8h.01M6 12h8"/>`),
  size: icon(html`<path d="M3 4h14v9H3zM7 17h6M10 13v4"/>`),
  files: icon(html`<path d="M2.5 5h5l2 2h8v9h-15z"/>`),
  disconnect: icon(html`<path d="M12 3h5v14h-5M3 10h9M9 6.5 12.5 10 9 13.5"/>`),
  restart: icon(html`<path d="M16.5 10a6.5 6.5 0 1 1-2-4.7M16.5 2.5v3.4h-3.4"/>`),
  logout: icon(html`<path d="M10 3v6M6 5.2a6.5 6.5 0 1 0 8 0"/>`),
  help: icon(
    html`<path d="M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14M8 8.2a2 2 0 1 1 2.7 1.9c-.5.2-.7.5-.7 1.1M10 14h.01"/>`,
  ),
  hide: icon(html`<path d="m5 12 5-5 5 5"/>`),
  show: icon(html`<path d="m5 8 5 5 5-5"/>`),
}
