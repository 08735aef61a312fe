import { mkdirSync, writeFileSync } from 'node:fs'

/** Keeps the figures of a benchmark in `bench/results/NAME.json`. */
export function writeResult(name: string, result: object): void {
  const folder = new URL('results/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL(`${name}.json`, folder), `${JSON.stringify(result, null, 2)}\n`)
}
