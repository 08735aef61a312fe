import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hostLines, type PcAddress } from '../../pc-addresses.ts'

/** The text of a hosts file. */
export const hostsText = (pcs: readonly PcAddress[]): string =>
  ['127.0.0.1 localhost', ...hostLines(pcs), ''].join('\n')

/** Writes it whole, where it is another one. */
export async function writeHosts(folder: string, pcs: readonly PcAddress[]): Promise<void> {
  const [file, text] = [join(folder, 'hosts'), hostsText(pcs)]
  if ((await readFile(file, 'utf8').catch(() => undefined)) === text) return
  await mkdir(folder, { recursive: true, mode: 0o755 })
  await writeFile(join(folder, '.hosts'), text, { mode: 0o644 })
  await rename(join(folder, '.hosts'), file)
}
