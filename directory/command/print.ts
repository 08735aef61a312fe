import { dumpYaml } from '@kubernetes/client-node'

export const FORMATS = ['table', 'json', 'yaml'] as const
export type Format = (typeof FORMATS)[number]

/** Columns in the order of the first row, as kubectl lays them out: capitals above, three spaces between. */
export function print(
  rows: readonly Readonly<Record<string, unknown>>[],
  format: Format,
  empty: string,
): string {
  if (format === 'json') return `${JSON.stringify(rows, null, 2)}\n`
  if (format === 'yaml') return dumpYaml(rows)
  const first = rows[0]
  if (!first) return `${empty}\n`
  const names = Object.keys(first)
  const table = [
    names.map((name) => name.toUpperCase()),
    ...rows.map((row) => names.map((name) => cell(row[name]))),
  ]
  const widths = names.map((_, column) => Math.max(...table.map((line) => (line[column] ?? '').length)))
  return table
    .map((line) =>
      line
        .map((text, column) => text.padEnd((widths[column] ?? 0) + 3))
        .join('')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('')
}

/** One thing with its properties, one a line. */
export function printOne(properties: Readonly<Record<string, unknown>>, format: Format): string {
  if (format === 'json') return `${JSON.stringify(properties, null, 2)}\n`
  if (format === 'yaml') return dumpYaml(properties)
  const width = Math.max(...Object.keys(properties).map((name) => name.length)) + 3
  return Object.entries(properties)
    .map(([name, value]) => `${`${name}:`.padEnd(width)}${cell(value)}\n`)
    .join('')
}

function cell(value: unknown): string {
  if (value === undefined || value === null || value === '') return '-'
  return Array.isArray(value) ? value.map(String).join(',') || '-' : String(value)
}
