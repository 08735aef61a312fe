import {
  type MasterTrouble,
  masterTroubles,
  type ToldGuard,
  type ToldMaster,
} from '../../cluster/control-plane-guard.ts'
import { type Html, html } from '../html.ts'
import type { Frame } from '../pages/layout.ts'

/** What is shown of the masters. */
export interface ShownMasters {
  readonly guard: ToldGuard
  readonly masters: readonly ToldMaster[]
}

/** Which PCs are masters, what goes on and why, in words for an administrator. */
export function mastersSection(frame: Frame, { guard, masters }: ShownMasters, now: number): Html {
  const { administration: words } = frame.texts
  const { masters: texts } = words
  const ago = (at: number) => words.ago(Math.max(0, now - at))
  const well = masters.filter(({ sick, way }) => sick === undefined && way !== 'coming').length
  return html`<section aria-labelledby="masters"><h2 id="masters">${texts.title}</h2>
<p class="lead">${texts.well(well, guard.size.wanted)} ${guard.backupAt !== undefined && texts.copy(ago(guard.backupAt))} ${guard.lookedAt > 0 && texts.looked(ago(guard.lookedAt))}</p>
${masterTroubles(guard, masters, now).map((trouble) => troubleNotice(frame, trouble, now))}
${guard.orders.pause !== undefined && html`<p class="notice warm">${texts.paused(guard.orders.pause)}</p>`}
${goingOn(frame, guard, now)}
${masters.length > 0 && masterTable(frame, masters, guard.certificates, now)}
<p class="quiet">${texts.more}</p>
</section>`
}

/** Those that the table tells already say nothing here. */
function troubleNotice({ texts }: Frame, trouble: MasterTrouble, now: number): Html | undefined {
  const { masters: words, ago } = texts.administration
  const since = (at: number) => ago(Math.max(0, now - at))
  const bad = (text: string) => html`<p class="notice bad" role="alert">${text}</p>`
  const warm = (text: string) => html`<p class="notice warm">${text}</p>`
  if (trouble.trouble === 'blind')
    return bad(trouble.lookedAt === 0 ? words.never : words.blind(since(trouble.lookedAt)))
  if (trouble.trouble === 'halted') return bad(words.halted(trouble.why))
  if (trouble.trouble === 'storm') return bad(words.storm(trouble.why))
  if (trouble.trouble === 'copy')
    return warm(trouble.backupAt === undefined ? words.noCopy : words.oldCopy(since(trouble.backupAt)))
  if (trouble.trouble === 'certificate')
    return bad(words.certificate(trouble.pc, texts.span(Math.max(0, trouble.ends - now))))
  return undefined
}

function goingOn({ texts }: Frame, guard: ToldGuard, now: number): Html | undefined {
  const { masters: words } = texts.administration
  const { operation, waiting, suggestion } = guard
  if (operation === undefined) {
    const said = suggestion === undefined ? waiting && words.notBegun(waiting) : words.wouldDo(suggestion)
    return said === undefined ? undefined : html`<p class="notice warm">${said}</p>`
  }
  const { kind, phase, since, leaving, heir, failed } = operation
  const what = words.kinds[kind as keyof typeof words.kinds] ?? kind
  const lines = [
    words.goes(what, phase, texts.span(Math.max(0, now - since))),
    leaving.length > 0 && words.from(leaving.map(({ name }) => name).join(', ')),
    heir !== undefined && words.heir(heir.why),
    operation.waiting !== undefined && words.waits(operation.waiting),
    failed !== undefined && words.undone(failed),
  ]
  return html`<p class="notice good">${lines.filter((line) => line !== false).join(' ')}</p>`
}

/** Colours that the PCs have, too. */
const COLOURS = { well: 'ready', coming: 'coming', leaving: 'closed', sick: 'away' } as const

function masterTable(
  { texts }: Frame,
  masters: readonly ToldMaster[],
  certificates: ToldGuard['certificates'],
  now: number,
): Html {
  const { masters: words } = texts.administration
  const { columns, states, sicknesses } = words
  return html`<div class="table"><table><thead><tr>${Object.values(columns).map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${masters.map(({ pc, sick, way, since }) => {
    const state = sick === undefined ? (way ?? 'well') : 'sick'
    const at = sick?.since ?? since
    const ends = certificates[pc]
    const what = sick && (sicknesses[sick.as as keyof typeof sicknesses] ?? sick.as)
    return html`<tr><th scope="row">${pc}</th>
<td data-label="${columns.state}"><span class="badge ${COLOURS[state]}">${states[state]}</span> ${what && html`<small>${what}</small>`}</td>
<td data-label="${columns.since}">${at === undefined ? '–' : texts.span(Math.max(0, now - at))}</td>
<td data-label="${columns.certificates}">${ends === undefined ? '–' : texts.span(Math.max(0, ends - now))}</td></tr>`
  })}</tbody></table></div>`
}
