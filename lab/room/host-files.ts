import { chmodSync, copyFileSync, mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CROWN } from '../../config/names.ts'

/** What every PC has for its crowning, and where: as an installation lays it down. */

const SOURCES = join(import.meta.dirname, '../../orchestrator/host')
const UNITS = '/etc/systemd/system'

const HOST_FILES = [
  { name: 'deskfleet-crown', to: CROWN.onPc, mode: 0o755 },
  { name: 'deskfleet-crown.service', to: `${UNITS}/deskfleet-crown.service`, mode: 0o644 },
  { name: 'deskfleet-crown.timer', to: `${UNITS}/deskfleet-crown.timer`, mode: 0o644 },
  { name: 'deskfleet-renew.service', to: `${UNITS}/deskfleet-renew.service`, mode: 0o644 },
  { name: 'deskfleet-renew.timer', to: `${UNITS}/deskfleet-renew.timer`, mode: 0o644 },
  { name: 'kubelet-deposed.conf', to: `${UNITS}/kubelet.service.d/20-deposed.conf`, mode: 0o644 },
] as const

/** Those of them that are on from the first boot. */
const TIMERS = ['deskfleet-crown.timer', 'deskfleet-renew.timer'] as const

/** Their paths in this repository. */
export const HOST_SOURCES = HOST_FILES.map(({ name }) => join(SOURCES, name))

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
  for (const name of TIMERS) symlinkSync(`${UNITS}/${name}`, join(wants, name))
}
