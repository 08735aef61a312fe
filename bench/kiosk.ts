import { memory } from './kiosk-memory.ts'
import { processors } from './kiosk-processors.ts'
import { machine } from './machine.ts'
import { writeResult } from './results.ts'
import { shown } from './spread.ts'

/** What a PC's own screen keeps of its PC while desktops of others run on it. */
export async function run(): Promise<void> {
  const say = (line: string): void => console.error(`  ${line}`)
  const began = machine()
  const [rows, kept] = [await processors(say), await memory(say)]
  console.log(
    '\n| a PC of two cores | pictures/s | key to picture, ms: p50, p95, most |\n| --- | --- | --- |',
  )
  for (const { arm, picturesPerSecond, keyToPicture } of rows) {
    const { p50, p95, max } = keyToPicture
    console.log(`| ${arm} | ${shown(picturesPerSecond, 1)} | ${[p50, p95, max].map(Math.round).join(', ')} |`)
  }
  console.log(
    '\n| beside desktops that read large files | MiB of its program read again, of 200 |\n| --- | --- |',
  )
  for (const { arm, readAgain } of kept) console.log(`| ${arm} | ${shown(readAgain, 0)} |`)
  writeResult('kiosk', { machine: began, processors: rows, memory: kept })
}
