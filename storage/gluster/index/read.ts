import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createGunzip } from 'node:zlib'
import { FOLDER, type ListName, listsOf } from './place.ts'
import { homeIn, type Listed, readLine } from './text.ts'

/** Ms without a byte after which a list is given up, and another copy of it tried. */
const PATIENCE = 30_000

/**
 * Goes through the newest list of a set that can be read to its end.
 *
 * @param until only lists that were begun before that, ms since 1970
 * @param met told of each file, and waited for
 * @returns when it was begun, and of how many files it is
 * @throws when there is none
 */
export async function readList(
  volume: string,
  set: number,
  until: number,
  met: (file: Listed, home: string | undefined) => void | Promise<void>,
): Promise<{ readonly at: number; readonly files: number }> {
  const folder = join(volume, FOLDER)
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const lists = listsOf(names, set).filter(({ at }) => at < until)
  if (lists.length === 0) throw new Error(`no list of the files of set ${set} was made yet`)
  const reasons: string[] = []
  for (const list of lists) {
    // Twice: nothing is told of one that breaks off in the middle.
    const whole = await through(folder, list, () => {}).catch((error: Error) => error)
    if (whole instanceof Error) reasons.push(`${list.name}: ${whole.message}`)
    else return { at: list.at, files: await through(folder, list, met) }
  }
  throw new Error(`no list of the files of set ${set} can be read: ${reasons.join('; ')}`)
}

/** @returns how many files it named @throws when it breaks off before its end */
async function through(
  folder: string,
  { name }: ListName,
  met: (file: Listed, home: string | undefined) => void | Promise<void>,
): Promise<number> {
  // Another program's work: a file of a set that does not answer would keep this one in the kernel.
  const cat = spawn('cat', ['--', join(folder, name)], { stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = once(cat, 'close')
  let files = 0
  let end: number | undefined
  let rest = Buffer.alloc(0)
  const plain = cat.stdout.pipe(createGunzip())
  const silent = setTimeout(
    () => plain.destroy(new Error(`nothing came for ${PATIENCE / 1_000} s`)),
    PATIENCE,
  )
  try {
    for await (const piece of plain) {
      silent.refresh()
      const all = Buffer.concat([rest, piece])
      let at = 0
      for (let zero = all.indexOf(0, at); zero >= 0; zero = all.indexOf(0, at)) {
        const line = readLine(all.subarray(at, zero))
        at = zero + 1
        if (line === undefined) throw new Error('it is damaged')
        if ('end' in line) end = line.end
        else {
          files++
          await met(line, homeIn(line.path))
          silent.refresh()
        }
      }
      rest = Buffer.from(all.subarray(at))
    }
  } finally {
    clearTimeout(silent)
    cat.kill('SIGKILL')
  }
  await ended
  if (end !== files) throw new Error('it was not finished')
  return files
}

/**
 * A name as it is printed: whatever a terminal would act upon, and bytes that are no text, as `\xNN`. Signs that turn
 * the direction of a line are among them.
 */
export function printable(path: Buffer): string {
  const text = path.toString('utf8')
  const isText = Buffer.from(text, 'utf8').equals(path)
  const shown = isText ? text : path.toString('latin1')
  const hex = (sign: string): string =>
    [...Buffer.from(sign, isText ? 'utf8' : 'latin1')]
      .map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`)
      .join('')
  return shown.replaceAll(isText ? /[\p{C}\p{Zl}\p{Zp}\\]/gu : /[^\x20-\x5b\x5d-\x7e]/g, hex)
}
