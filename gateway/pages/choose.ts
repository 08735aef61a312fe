import type { View } from '../desktops/view.ts'
import { type Html, html } from '../html.ts'
import { type OfferedTemplate, titleOf } from '../offer.ts'
import { type Frame, page, token } from './layout.ts'

export interface Choice {
  readonly templates: readonly OfferedTemplate[]
  readonly last: string | undefined
  readonly view: Extract<View, { state: 'off' }>
  readonly formToken: string
  readonly now: number
  /** Where their files take up more than they may. */
  readonly overLimit?: string | undefined
}

/** The desktop is off: why, since when, and which one shall start. */
export function choosePage(frame: Frame, { templates, last, view, formToken, now, overLimit }: Choice): Html {
  const { choose } = frame.texts
  const why = view.why === undefined ? undefined : choose.why[view.why]
  const chosen = templates.find(({ name }) => name === last)?.name ?? templates[0]?.name
  return page(frame, {
    title: choose.title,
    here: 'desktop',
    body: html`<div class="card">
<h1>${choose.title}</h1>
${why && html`<p>${why} ${view.at !== undefined && html`<span class="quiet">${choose.ago(now - view.at)}</span>`}</p>`}
<p class="lead">${why === undefined && templates.length > 1 ? choose.never : choose.whichever}</p>
${overLimit && html`<p class="notice warm" role="status">${overLimit}</p>`}
<form method="post" action="/desktop/start" class="stack">${token(formToken)}
${
  templates.length === 1
    ? html`<input type="hidden" name="template" value="${chosen}">`
    : html`<fieldset class="choices"><legend>${choose.legend}</legend>${templates.map((template) => option(frame, template, chosen))}</fieldset>`
}
<button class="main">${choose.submit}</button>
</form></div>`,
  })
}

function option({ texts: { choose } }: Frame, template: OfferedTemplate, chosen: string | undefined): Html {
  const { name, screen, resources } = template
  return html`<label class="choice"><input type="radio" name="template" value="${name}" ${name === chosen && html`checked`}>
<span><strong>${titleOf(template)}</strong><small>${choose.screen(screen)}, ${choose.memory(resources.memoryLimit)}</small></span></label>`
}
