import type { Lock } from '../../config/lock.ts'
import { type Html, html } from '../html.ts'
import { type Frame, notice, page, token } from '../pages/layout.ts'
import { mastersSection, type ShownMasters } from './masters.ts'
import type { DesktopRow, Overview, PcRow } from './overview.ts'
import { type ShownStorage, storageSection } from './storage.ts'

/** Characters of a message to a person, as its field counts them. */
export const LONGEST_MESSAGE = 500

/** Who is on, where, since when, and how the PCs stand. */
export function administrationPage(
  frame: Frame,
  room: Overview,
  now: number,
  troubles: readonly string[] = [],
  storage?: ShownStorage,
  masters?: ShownMasters,
): Html {
  const { administration: words } = frame.texts
  const { columns } = words
  return page(frame, {
    title: words.title,
    here: 'administration',
    body: html`<div class="title"><h1>${words.title}</h1><a class="button" href="/administration">${words.refresh}</a></div>
${troubles.map((text) => notice('bad', text))}
<section aria-labelledby="desktops"><h2 id="desktops">${words.desktops}</h2>
<p class="lead">${words.summary(room.on, room.waiting, room.atMost)}</p>
${
  room.desktops.length === 0
    ? html`<p class="empty">${words.nobody}</p>`
    : html`<div class="table"><table><thead><tr>${[columns.person, columns.state, columns.pc, columns.since, columns.input, columns.stops, columns.template].map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${room.desktops.map((row) => desktopRow(frame, row, now))}</tbody></table></div>`
}</section>
<section aria-labelledby="pcs"><h2 id="pcs">${words.pcs}</h2>
${room.pcs.length === 0 ? html`<p class="empty">${words.noPcs}</p>` : pcTable(frame, room.pcs)}</section>
${masters && mastersSection(frame, masters, now)}
${storage && storageSection(frame, storage, now)}`,
  })
}

function desktopRow({ texts: { administration: words } }: Frame, row: DesktopRow, now: number): Html {
  const { columns } = words
  return html`<tr><th scope="row"><a href="/administration/people/${row.slug}">${row.slug}</a></th>
<td data-label="${columns.state}">${badge(row.state, words.states[row.state])}</td>
<td data-label="${columns.pc}">${row.pc ?? '–'}</td>
<td data-label="${columns.since}">${ago(words.ago, row.since, now)}</td>
<td data-label="${columns.input}">${ago(words.ago, row.lastInput, now)}</td>
<td data-label="${columns.stops}">${row.nextStop === undefined ? '–' : words.stopsIn(row.nextStop - now)}</td>
<td data-label="${columns.template}">${row.template}</td></tr>`
}

const badge = (state: string, text: string): Html => html`<span class="badge ${state}">${text}</span>`

const ago = (say: (ms: number) => string, time: number | undefined, now: number): Html | string =>
  time === undefined
    ? '–'
    : html`<time datetime="${new Date(time).toISOString()}">${say(Math.max(0, now - time))}</time>`

function pcTable({ texts: { administration: words } }: Frame, pcs: readonly PcRow[]): Html {
  const { pcColumns: columns, pcStates } = words
  return html`<div class="table"><table><thead><tr>${Object.values(columns).map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${pcs.map(
    (pc) => html`<tr><th scope="row">${pc.name}</th>
<td data-label="${columns.state}">${badge(pc.state, pcStates[pc.state])}</td>
<td data-label="${columns.desktops}">${pc.desktops}</td>
<td data-label="${columns.memory}">${meter(words, pc.memory, gigabytes)}</td>
<td data-label="${columns.cpu}">${meter(words, pc.cpu, (cores) => cores.toFixed(1))}</td></tr>`,
  )}</tbody></table></div>`
}

const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GB`

function meter(
  words: Frame['texts']['administration'],
  { kept, whole }: { kept: number; whole: number },
  say: (amount: number) => string,
): Html {
  const percent = whole > 0 ? Math.round((kept / whole) * 100) : 0
  return html`<meter min="0" max="100" high="85" value="${Math.min(100, percent)}">${words.load(percent)}</meter> <small>${words.of(say(kept), say(whole))}</small>`
}

export interface PersonDesk {
  readonly slug: string
  readonly row: DesktopRow | undefined
  readonly formToken: string
  readonly now: number
  /** Of an account that is locked in the cluster itself. */
  readonly lock: Lock | undefined
  readonly news?: { readonly kind: 'good' | 'bad'; readonly text: string }
}

/** One person's desktop, and what an administrator can do about it. */
export function personPage(frame: Frame, { slug, row, formToken, now, lock, news }: PersonDesk): Html {
  const { administration: words, choose } = frame.texts
  const { facts } = words
  const fact = (name: string, value: Html | string | undefined) =>
    value !== undefined && value !== '–' && html`<dt>${name}</dt><dd>${value}</dd>`
  return page(frame, {
    title: words.personTitle(slug),
    here: 'administration',
    body: html`<p class="back"><a href="/administration">← ${words.back}</a></p>
<h1>${words.personTitle(slug)}</h1>${news && notice(news.kind, news.text)}
${lock && html`<dl class="facts">${fact(facts.locked, words.lockedSince(lock.since, lock.reason))}</dl>`}
${
  row === undefined
    ? html`<p class="lead">${words.noDesktop}</p>`
    : html`<dl class="facts">${fact(facts.state, badge(row.state, words.states[row.state]))}${fact(facts.pc, row.pc)}${fact(facts.since, ago(words.ago, row.since, now))}${fact(facts.input, ago(words.ago, row.lastInput, now))}${fact(facts.stops, row.nextStop === undefined ? undefined : words.stopsIn(row.nextStop - now))}${fact(facts.template, row.template)}${fact(facts.why, row.why === undefined ? undefined : choose.why[row.why])}${fact(facts.trouble, row.trouble)}</dl>`
}
<div class="deeds">
${
  row?.state === 'ready' &&
  html`<form method="post" action="/administration/people/${slug}/message" class="card stack">${token(formToken)}<h2>${words.message}</h2>
<label for="text">${words.messageLabel}</label><textarea id="text" name="text" rows="3" maxlength="${LONGEST_MESSAGE}" required></textarea>
<button class="main">${words.messageSubmit}</button></form>`
}
${
  row !== undefined &&
  row.state !== 'off' &&
  html`<form method="post" action="/administration/people/${slug}/stop" class="card stack">${token(formToken)}<h2>${words.stop}</h2><p>${words.stopText}</p>
<button class="main">${words.stop}</button><button name="logout" value="yes">${words.stopBoth}</button></form>`
}
<form method="post" action="/administration/people/${slug}/logout" class="card stack">${token(formToken)}<h2>${words.logout}</h2><p>${words.logoutText}</p>
<button>${words.logout}</button></form>
${
  lock === undefined &&
  html`<form method="post" action="/administration/people/${slug}/lock" class="card stack">${token(formToken)}<h2>${words.lock}</h2><p>${words.lockText}</p>
<button>${words.lock}</button></form>`
}</div>`,
  })
}
