import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

/**
 * Settings that kubelet and containerd write for the whole machine below, since the kernel has no namespaces for them.
 * The first room saves what was, the last one puts it back.
 */
const SETTINGS = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
  'fs/file-max',
  'fs/inotify/max_user_instances',
  'fs/inotify/max_user_watches',
  'fs/protected_fifos',
  'fs/protected_hardlinks',
  'fs/protected_regular',
  'fs/protected_symlinks',
]

const Saved = z.record(z.string(), z.string())

const fileIn = (folder: string): string => join(folder, 'machine-settings.json')
const pathOf = (setting: string): string => join('/proc/sys', setting)

/** What the settings are now. */
export const machineSettings = (): Record<string, string> =>
  Object.fromEntries(
    SETTINGS.filter((setting) => existsSync(pathOf(setting))).map((setting) => [
      setting,
      readFileSync(pathOf(setting), 'utf8').trim(),
    ]),
  )

/** Saves the settings in `folder`, unless an earlier room did, and raises what a room of five PCs needs more of. */
export function saveMachineSettings(folder: string): void {
  const file = fileIn(folder)
  if (!existsSync(file)) writeFileSync(file, JSON.stringify(machineSettings(), null, 2), { mode: 0o600 })
  raise('fs/inotify/max_user_instances', 1024)
  raise('fs/inotify/max_user_watches', 524_288)
}

/** Puts the saved settings back; does nothing when no room saved any. */
export function restoreMachineSettings(folder: string): void {
  const file = fileIn(folder)
  if (!existsSync(file)) return
  const now = machineSettings()
  for (const [setting, value] of Object.entries(Saved.parse(JSON.parse(readFileSync(file, 'utf8'))))) {
    if (now[setting] !== value) writeFileSync(pathOf(setting), value)
  }
  rmSync(file)
}

function raise(setting: string, least: number): void {
  if (Number(readFileSync(pathOf(setting), 'utf8')) < least) writeFileSync(pathOf(setting), String(least))
}
