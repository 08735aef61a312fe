import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { PC_PATTERN } from './places.ts'

/** A PC and where it is reached. */
export interface Named {
  readonly name: string
  readonly address: string
}

/** The text of a hosts file. What is no name or no address is left out: it could become another line. */
export function hostsText(pcs: readonly Named[]): string {
  const lines = pcs
    .filter(({ name, address }) => PC_PATTERN.test(name) && name !== 'localhost' && isIP(address) !== 0)
    .map(({ name, address }) => `${address} ${name}\n`)
  return `127.0.0.1 localhost\n${lines.sort().join('')}`
}

/** Writes it whole, where it is another one. */
export async function writeHosts(folder: string, pcs: readonly Named[]): Promise<void> {
  const [file, text] = [join(folder, 'hosts'), hostsText(pcs)]
  if ((await readFile(file, 'utf8').catch(() => undefined)) === text) return
  await mkdir(folder, { recursive: true, mode: 0o755 })
  await writeFile(join(folder, '.hosts'), text, { mode: 0o644 })
  await rename(join(folder, '.hosts'), file)
}
