import { type Html, html } from '../html.ts'
import type { Texts } from '../texts/texts.ts'
import { type Frame, page } from './layout.ts'

export type ProblemName = Exclude<keyof Texts['problems'], 'wayOut'>

/** What changes by itself: the page looks again, until there is a desktop to go to. */
const PASSES: ReadonlySet<ProblemName> = new Set(['unknown', 'noHome', 'homeMoves'])
const LOOK_AGAIN = { seconds: 3, to: '/desktop' }

/** A page for what went wrong: what it is, what it means, what to do. */
export function problemPage(frame: Frame, name: ProblemName): Html {
  const { problems, login } = frame.texts
  const { title, text, todo } = problems[name]
  const way = frame.visitor
    ? { path: '/desktop', text: problems.wayOut }
    : { path: '/login', text: login.title }
  return page(frame, {
    title,
    shape: frame.visitor ? 'plain' : 'bare',
    onward: PASSES.has(name) ? LOOK_AGAIN : undefined,
    body: html`<div class="card narrow"><h1>${title}</h1><p>${text}</p><p class="advice">${todo}</p>
<p class="actions"><a class="button" href="${way.path}">${way.text}</a></p></div>`,
  })
}

/**
 * For somebody who comes by a link of another site: the browser keeps a strict cookie back on such a visit, but gives
 * it on the next one, which this page makes. And for whoever is led to another site after a form of ours, where browsers follow
 * no redirection.
 */
export function onwardPage(frame: Frame, to = '/desktop'): Html {
  const { title, text, todo } = frame.texts.problems.browser
  return html`<!doctype html><html lang="${frame.texts.language}"><head><meta charset="utf-8"><title>${title}</title>
<meta http-equiv="refresh" content="0;url=${to}"><link rel="stylesheet" href="${frame.asset('style.css')}"></head>
<body class="bare"><main id="content"><div class="card narrow"><h1>${title}</h1><p>${text}</p><p><a class="button" href="${to}">${todo}</a></p></div></main></body></html>`
}
