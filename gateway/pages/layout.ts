import { type Html, html, type Part } from '../html.ts'
import type { Texts } from '../texts/texts.ts'
import { LOGO } from './icons.ts'

/** What every page needs to know. */
export interface Frame {
  readonly texts: Texts
  /** The address of a file of ours, as `style.css`. */
  readonly asset: (name: string) => string
  /** The addresses of a script and all that it brings along. */
  readonly modules: (script: string) => readonly string[]
  /** Who is logged in, for the bar at the top. */
  readonly visitor?: {
    readonly name: string
    readonly formToken: string
    readonly administrator: boolean
    readonly helper: boolean
    /** Whether the room has services that they may open. */
    readonly services: boolean
  }
}

export interface PageParts {
  readonly title: string
  readonly body: Part
  /** Which entry of the bar is this page. */
  readonly here?: 'desktop' | 'services' | 'password' | 'helping' | 'administration'
  readonly script?: string
  /** The script of the page that most likely comes next: fetched while people still read or type. */
  readonly ahead?: string
  /** Seconds after which a browser without scripts looks again. */
  readonly refresh?: number | undefined
  /** A page that waits: after so many seconds every browser goes there. */
  readonly onward?: { readonly seconds: number; readonly to: string } | undefined
  /** `bare`: no bar, one thing in the middle. `desk`: the whole window. */
  readonly shape?: 'bare' | 'desk' | 'plain'
}

/** A whole page. */
export function page(
  frame: Frame,
  { title, body, here, script, ahead, refresh, onward, shape = 'plain' }: PageParts,
): Html {
  const { texts, asset, modules } = frame
  const soon = [script, ahead].flatMap((one) => (one === undefined ? [] : modules(one)))
  return html`<!doctype html>
<html lang="${texts.language}">
<head>
<meta charset="utf-8">
<title>${title} · ${texts.product}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<link rel="icon" href="${asset('icon.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="${asset('style.css')}">
${soon.map((address) => html`<link rel="modulepreload" href="${address}">`)}
${script && html`<script type="module" src="${asset(script)}"></script>`}
${refresh && html`<noscript><meta http-equiv="refresh" content="${refresh}"></noscript>`}
${onward && html`<meta http-equiv="refresh" content="${onward.seconds};url=${onward.to}">`}
</head>
<body class="${shape}">
${shape !== 'desk' && html`<a class="skip" href="#content">${texts.nav.skip}</a>`}
${shape === 'plain' && frame.visitor && bar(frame, frame.visitor, here)}
${shape === 'desk' ? body : html`<main id="content" tabindex="-1">${body}</main>`}
</body>
</html>
`
}

function bar({ texts }: Frame, visitor: NonNullable<Frame['visitor']>, here: PageParts['here']): Html {
  const { nav, product } = texts
  const entry = (where: NonNullable<PageParts['here']>, path: string, text: string) =>
    html`<li><a href="${path}" ${here === where && html`aria-current="page"`}>${text}</a></li>`
  return html`<header class="bar">
<a class="brand" href="/desktop">${LOGO}<span>${product}</span></a>
<nav aria-label="${nav.label}"><ul>
${entry('desktop', '/desktop', nav.desktop)}
${visitor.services && entry('services', '/services', nav.services)}
${entry('password', '/password', nav.password)}
${visitor.helper && entry('helping', '/helping', nav.helping)}
${visitor.administrator && entry('administration', '/administration', nav.administration)}
</ul></nav>
<form method="post" action="/logout" class="who">${token(visitor.formToken)}
<span class="name">${visitor.name}</span>
<button class="quiet">${nav.logout}</button></form>
</header>`
}

/** Every form that does something carries it. */
export const token = (formToken: string): Html =>
  html`<input type="hidden" name="token" value="${formToken}">`

/** A sentence that must be seen: `bad` is read out at once. */
export const notice = (kind: 'good' | 'bad', text: string | undefined): Html | undefined =>
  text === undefined
    ? undefined
    : html`<p class="notice ${kind}" role="${kind === 'bad' ? 'alert' : 'status'}">${text}</p>`
