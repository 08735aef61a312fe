import { type Html, html } from '../html.ts'
import type { OfferedService } from '../offer.ts'
import { type Frame, page } from './layout.ts'

/** What a person may open besides their desktop. */
export function servicesPage(frame: Frame, services: readonly OfferedService[]): Html {
  const { title, lead, none } = frame.texts.services
  return page(frame, {
    title,
    here: 'services',
    body: html`<div class="card"><h1>${title}</h1>
<p class="lead">${services.length > 0 ? lead : none}</p>
<ul class="choices">${services.map(({ name, about, host }) => html`<li class="choice"><a href="https://${host}/"><strong>${name}</strong></a><small>${about}</small></li>`)}</ul></div>`,
  })
}
