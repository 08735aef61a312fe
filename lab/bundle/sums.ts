import { createHash } from 'node:crypto'
import { createReadStream, existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { call } from '../programs/call.ts'
import { SUMS } from './contents.ts'

/** Sums of a bundle's files, and whether all of them are as the list says. */

export async function sumOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}

/** Paths of all files below a folder but the list itself. */
export const filesIn = (folder: string): string[] =>
  globSync('**/*', { cwd: folder, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => path !== SUMS)
    .sort()

/** The list of a bundle; empty where there is none. */
export function readSums(bundle: string): ReadonlyMap<string, string> {
  const file = join(bundle, SUMS)
  if (!existsSync(file)) return new Map()
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
  return new Map(lines.map((line) => [line.slice(66), line.slice(0, 64)]))
}

const INSTALLER = join(import.meta.dirname, '..', '..', 'installer')
const ASKING = `
here=$1 bundle=$2
name_of() { :; }
. "$here/steps/programs.sh"
fault_of_bundle "$bundle"`

/** What a PC would refuse the bundle for, by the installer's own words; undefined where it takes it. */
export async function faultOfBundle(bundle: string): Promise<string | undefined> {
  const { code, stdout, stderr } = await call('sh', ['-eu', '-c', ASKING, 'sh', INSTALLER, bundle])
  if (code !== 0) throw new Error(`the installer cannot look at ${bundle}: ${stderr.trim()}`)
  return stdout.trim() || undefined
}
