import { chmodSync, copyFileSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** What every PC has for its crowning, laid down from the list that the installer has as well: `orchestrator/host/places`. */

const SOURCES = join(import.meta.dirname, '../../orchestrator/host')
const PLACES = join(SOURCES, 'places')
const UNITS = '/etc/systemd/system'

export interface HostFile {
  readonly name: string
  readonly to: string
  readonly mode: number
}

/** Of a list of files: each line its name, where it lies on the PC, and its mode. */
export const readPlaces = (file: string): readonly HostFile[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [name = '', to = '', mode = ''] = line.split(' ')
      return { name, to, mode: Number.parseInt(mode, 8) }
    })

const HOST_FILES = readPlaces(PLACES)
/** On from the first boot. */
const TIMERS = HOST_FILES.map(({ name }) => name).filter((name) => name.endsWith('.timer'))

/** Their paths in this repository, and that of their list. */
export const HOST_SOURCES = [PLACES, ...HOST_FILES.map(({ name }) => join(SOURCES, name))]

/** Lays them over an unpacked Debian at `root`. */
export function layHostFiles(root: string): void {
  for (const { name, to, mode } of HOST_FILES) {
    const file = join(root, to)
    mkdirSync(dirname(file), { recursive: true })
    copyFileSync(join(SOURCES, name), file)
    chmodSync(file, mode)
  }
  const wants = join(root, UNITS, 'timers.target.wants')
  mkdirSync(wants, { recursive: true })
  for (const name of TIMERS) symlinkSync(join(UNITS, name), join(wants, name))
}
