import type { ToldVolume } from '../../cluster/gluster-volume.ts'
import type { UsageSums } from '../../cluster/usage-sums.ts'
import { type Html, html } from '../html.ts'
import type { Frame } from '../pages/layout.ts'

/** What is shown of storage. */
export interface ShownStorage {
  /** Undefined where homes are on no Gluster volume, or where it could not be read. */
  readonly volume: ToldVolume | undefined
  readonly usage: UsageSums
  /** Bytes; undefined: none. */
  readonly limit: number | undefined
}

/** So many people are named, of those who have most, and of those who have more than they may. */
const NAMED = 10

/** Everybody's homes, in words for an administrator: room, copies, bricks, who takes up most, and what to do. */
export function storageSection(frame: Frame, shown: ShownStorage, now: number): Html {
  const { storage } = frame.texts.administration
  const { volume, usage } = shown
  return html`<section aria-labelledby="storage"><h2 id="storage">${storage.title}</h2>
${volume ? volumeLead(frame, volume) : roomOf(frame, usage)}
${volume?.findings.map(
  ({ severity, where, what, mend }) =>
    html`<p class="notice ${SEVERITIES[severity]}"><strong>${where}</strong>: ${what}. ${capital(mend)}.</p>`,
)}
${volume && lostSets(frame, volume, usage, now)}
${volume && volume.safeToPull.length > 0 && html`<p class="notice good">${storage.safeToPull(volume.safeToPull.join(', '))}</p>`}
${overLimit(frame, shown)}
${peopleTable(frame, shown, now)}
${volume && brickTable(frame, volume)}
</section>`
}

function volumeLead({ texts }: Frame, volume: ToldVolume): Html {
  const { storage } = texts.administration
  const stands = volume.conditions.find(({ type }) => type === 'Available')?.status !== 'True'
  return html`<p class="lead">${stands ? storage.standsStill : storage.copies(volume.copies, volume.wanted)} ${volume.bytes > 0 && storage.room(texts.size(volume.free), texts.size(volume.bytes))}</p>`
}

/** Of a directory that is the same on every PC. What was told of one before there was a volume is of no interest. */
function roomOf({ texts }: Frame, { room }: UsageSums): Html | undefined {
  const { storage } = texts.administration
  if (room === undefined) return undefined
  const [free, whole] = [texts.size(room.free), texts.size(room.bytes)]
  return room.tight
    ? html`<p class="notice bad" role="alert">${room.free === 0 ? storage.full : storage.tight(free, whole)}</p>`
    : html`<p class="lead">${storage.room(free, whole)}</p>`
}

/** What is known of sets of which every disk is gone: how many files, and by which command they are named. */
function lostSets({ texts }: Frame, { findings }: ToldVolume, { sets }: UsageSums, now: number): Html[] {
  const { storage, ago } = texts.administration
  return findings
    .filter(({ reason }) => reason === 'SetLost')
    .map(({ where }) => {
      const number = Number(/^set (\d+)/.exec(where)?.[1])
      const index = sets.find(({ set }) => set === number)?.index
      const text =
        index === undefined
          ? storage.lostUnlisted(number)
          : storage.lost(number, index.files, index.homes, ago(now - Date.parse(index.at)))
      return html`<p class="notice bad" role="alert">${text}</p>`
    })
}

function overLimit({ texts }: Frame, { usage, limit }: ShownStorage): Html | undefined {
  const { storage } = texts.administration
  const over = usage.people.filter((one) => one.over)
  if (over.length === 0 || limit === undefined) return undefined
  const named = over
    .slice(0, NAMED)
    .map(({ slug, bytes }) => `${slug ?? storage.gone} (${texts.size(bytes)})`)
  return html`<p class="notice warm">${storage.over(over.length, texts.size(limit), named.join(', '))}</p>`
}

function peopleTable({ texts }: Frame, { usage }: ShownStorage, now: number): Html | undefined {
  const { storage, ago } = texts.administration
  const { usageColumns: columns } = storage
  const { people, sets, shared, trash } = usage
  if (sets.length === 0) return undefined
  const oldest = Math.min(...sets.map(({ measured }) => Date.parse(measured)))
  const bytes = people.reduce((sum, one) => sum + one.bytes, 0)
  return html`<h3>${storage.most}</h3>
<p>${storage.measured(people.length, texts.size(bytes), texts.size(shared.bytes), texts.size(trash.bytes), ago(Math.max(0, now - oldest)))}</p>
${
  people.length > 0 &&
  html`<div class="table"><table><thead><tr>${Object.values(columns).map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${people.slice(0, NAMED).map(
    ({ slug, entryUUID, bytes, files, over }) => html`<tr><th scope="row">${
      slug === undefined
        ? html`${storage.gone} <small>${entryUUID}</small>`
        : html`<a href="/administration/people/${slug}">${slug}</a>`
    }</th>
<td data-label="${columns.bytes}">${over ? badgeOf('coming', texts.size(bytes)) : texts.size(bytes)}</td>
<td data-label="${columns.files}">${files}</td></tr>`,
  )}</tbody></table></div>
<p class="quiet">${storage.all}</p>`
}`
}

function brickTable({ texts }: Frame, volume: ToldVolume): Html | undefined {
  const { storage } = texts.administration
  if (volume.sets.length === 0) return undefined
  return html`<h3>${storage.disks}</h3>
<div class="table"><table><thead><tr>${Object.values(storage.columns).map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${volume.sets.flatMap(({ bricks, pending }, at) =>
    bricks.map(
      ({ pc, state }) => html`<tr><th scope="row">${pc}</th>
<td data-label="${storage.columns.set}">${at + 1}</td>
<td data-label="${storage.columns.state}">${badge(state, storage.states[state as keyof typeof storage.states] ?? state)}</td>
<td data-label="${storage.columns.pending}">${state === 'behind' ? pending : '–'}</td></tr>`,
    ),
  )}${volume.spares.map(
    (pc) => html`<tr><th scope="row">${pc}</th>
<td data-label="${storage.columns.set}">–</td>
<td data-label="${storage.columns.state}">${badge('spare', storage.states.spare)}</td>
<td data-label="${storage.columns.pending}">–</td></tr>`,
  )}</tbody></table></div>`
}

const SEVERITIES = { trouble: 'bad', degraded: 'warm', short: 'warm', working: 'good' } as const

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** Colours that the PCs have, too. */
const COLOURS: Readonly<Record<string, string>> = {
  here: 'ready',
  missing: 'away',
  behind: 'coming',
  spare: 'off',
}

const badge = (state: string, text: string): Html => badgeOf(COLOURS[state] ?? 'closed', text)
const badgeOf = (colour: string, text: string): Html => html`<span class="badge ${colour}">${text}</span>`
