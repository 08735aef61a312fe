import stringWidth from 'string-width'
import { cut } from '../config/cut.ts'
import { writeYaml } from '../config/yaml.ts'

export const FORMATS = ['table', 'json', 'yaml'] as const
export type Format = (typeof FORMATS)[number]

/** Spaces between two columns, and the least that a column keeps where a terminal is narrow. */
const [GAP, LEAST] = [3, 8]

/**
 * Columns in the order of the first row, as kubectl lays them out: capitals above, three spaces between. In a terminal
 * of so many columns the widest give way, and what is cut ends with `…`; elsewhere, and as JSON or YAML, all is there.
 */
export function print(
  rows: readonly Readonly<Record<string, unknown>>[],
  format: Format,
  empty: string,
  terminal?: number,
): string {
  if (format === 'json') return `${JSON.stringify(rows, null, 2)}\n`
  if (format === 'yaml') return writeYaml(rows)
  const first = rows[0]
  if (!first) return `${empty}\n`
  const names = Object.keys(first)
  const table = [
    names.map((name) => name.toUpperCase()),
    ...rows.map((row) => names.map((name) => cell(row[name]))),
  ]
  const asked = names.map((_, column) => Math.max(...table.map((line) => stringWidth(line[column] ?? ''))))
  const widths = terminal === undefined ? asked : fitting(asked, terminal)
  return table
    .map((line) =>
      line
        .map((text, column) => filled(text, widths[column] ?? 0) + ' '.repeat(GAP))
        .join('')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('')
}

/** Widths that fit together: one after the other is taken from whichever is widest. */
function fitting(widths: readonly number[], terminal: number): number[] {
  const fit = [...widths]
  let over = fit.reduce((sum, width) => sum + width + GAP, -GAP) - terminal
  for (; over > 0; over--) {
    const widest = Math.max(...fit)
    if (widest <= LEAST) break
    fit[fit.indexOf(widest)] = widest - 1
  }
  return fit
}

/** As wide as asked for, by what a terminal shows: some signs take two columns, some none. */
function filled(text: string, width: number): string {
  let shown = text
  for (let most = text.length; stringWidth(shown) > width; ) {
    shown = `${cut(text, --most)}…`
  }
  return shown + ' '.repeat(width - stringWidth(shown))
}

/** One thing with its properties, one a line. */
export function printOne(properties: Readonly<Record<string, unknown>>, format: Format): string {
  if (format === 'json') return `${JSON.stringify(properties, null, 2)}\n`
  if (format === 'yaml') return writeYaml(properties)
  const width = Math.max(...Object.keys(properties).map((name) => name.length)) + GAP
  return Object.entries(properties)
    .map(([name, value]) => `${`${name}:`.padEnd(width)}${cell(value)}\n`)
    .join('')
}

function cell(value: unknown): string {
  if (value === undefined || value === null || value === '') return '-'
  return Array.isArray(value) ? value.map(String).join(',') || '-' : String(value)
}
