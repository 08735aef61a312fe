import type { ToldVolume } from '../../cluster/gluster-volume.ts'
import { type Html, html } from '../html.ts'
import type { Frame } from '../pages/layout.ts'

/** The volume with everybody's homes, in words for an administrator: room, copies, bricks, and what to do. */
export function storageSection({ texts: { administration: words } }: Frame, volume: ToldVolume): Html {
  const { storage } = words
  const stands = volume.conditions.find(({ type }) => type === 'Available')?.status !== 'True'
  return html`<section aria-labelledby="storage"><h2 id="storage">${storage.title}</h2>
<p class="lead">${stands ? storage.standsStill : storage.copies(volume.copies, volume.wanted)} ${volume.bytes > 0 && storage.room(sizeOf(volume.free), sizeOf(volume.bytes))}</p>
${volume.findings.map(
  ({ severity, where, what, mend }) =>
    html`<p class="notice ${SEVERITIES[severity]}"><strong>${where}</strong>: ${what}. ${capital(mend)}.</p>`,
)}
${volume.safeToPull.length > 0 && html`<p class="notice good">${storage.safeToPull(volume.safeToPull.join(', '))}</p>`}
${
  volume.sets.length > 0 &&
  html`<div class="table"><table><thead><tr>${Object.values(storage.columns).map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
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
</section>`
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

const badge = (state: string, text: string): Html =>
  html`<span class="badge ${COLOURS[state] ?? 'closed'}">${text}</span>`

const sizeOf = (bytes: number): string =>
  bytes < 2 ** 40 ? `${(bytes / 2 ** 30).toFixed(1)} GB` : `${(bytes / 2 ** 40).toFixed(1)} TB`
