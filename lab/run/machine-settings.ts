import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { lock } from './lock.ts'

/**
 * Settings that kubelet and containerd write for the whole machine, since the kernel has no namespaces for them. They
 * are saved before the first room changes them and put back when the last one has ended, whatever happened between.
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

type Settings = Readonly<Record<string, string>>

const Saved = z.object({
  /** The boot that they are of: another boot sets them anew, and what was saved before it means nothing. */
  boot: z.string(),
  settings: z.record(z.string(), z.string()),
  /** The runs that hold them: the last to go puts them back. */
  holders: z.array(z.string()),
})
export type Saved = Readonly<z.infer<typeof Saved>>

/** Where the settings are read and written, and what is saved of them. */
export interface Place {
  /** @default /proc/sys */
  readonly sys?: string
  /** The id of this boot. @default the kernel's */
  readonly boot?: string
}

const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()

/** What is saved once `run` holds the settings too; `now` is what they are, which is the original without a holder. */
export function held(saved: Saved | undefined, run: string, now: Settings, boot: string): Saved {
  if (saved === undefined || saved.boot !== boot) return { boot, settings: now, holders: [run] }
  return { ...saved, holders: [...saved.holders.filter((one) => one !== run), run] }
}

/** What is saved once `run` holds them no longer, or else the settings to put back now. */
export function released(
  saved: Saved,
  run: string,
  boot: string,
  exists: (run: string) => boolean,
): { readonly keep: Saved } | { readonly restore: Settings } {
  // Who was removed by hand, without a word, holds nothing.
  const holders = saved.holders.filter((one) => one !== run && exists(one))
  if (saved.boot !== boot) return { restore: {} }
  return holders.length > 0 ? { keep: { ...saved, holders } } : { restore: saved.settings }
}

/** What the settings are now. */
export const machineSettings = (sys = '/proc/sys'): Record<string, string> =>
  Object.fromEntries(
    SETTINGS.filter((setting) => existsSync(join(sys, setting))).map((setting) => [
      setting,
      readFileSync(join(sys, setting), 'utf8').trim(),
    ]),
  )

/** The runs that hold the settings saved in `folder`. */
export const holdersOfSettings = (folder: string): readonly string[] => read(folder)?.holders ?? []

/**
 * Saves the settings in `folder`, which holds the runs, unless another run has; and raises what five PCs on one machine
 * need more of. `run` holds them from now on.
 */
export async function holdMachineSettings(folder: string, run: string, place: Place = {}): Promise<void> {
  const { sys = '/proc/sys', boot = bootId() } = place
  const release = await locked(folder)
  try {
    write(folder, held(read(folder), run, machineSettings(sys), boot))
    raise(sys, 'fs/inotify/max_user_instances', 1024)
    raise(sys, 'fs/inotify/max_user_watches', 524_288)
  } finally {
    release()
  }
}

/** `run` holds them no longer; puts the saved ones back when nobody else does. */
export async function releaseMachineSettings(folder: string, run: string, place: Place = {}): Promise<void> {
  const { sys = '/proc/sys', boot = bootId() } = place
  const release = await locked(folder)
  try {
    const saved = read(folder)
    if (!saved) return
    const next = released(saved, run, boot, (one) => existsSync(join(folder, one)))
    if ('keep' in next) return write(folder, next.keep)
    const now = machineSettings(sys)
    for (const [setting, value] of Object.entries(next.restore)) {
      if (now[setting] !== value) writeFileSync(join(sys, setting), value)
    }
    rmSync(fileIn(folder))
  } finally {
    release()
  }
}

const fileIn = (folder: string): string => join(folder, 'machine-settings.json')

const locked = (folder: string): Promise<() => void> =>
  lock(join(folder, 'machine-settings.lock'), 10_000, "the machine's settings are being saved or put back")

function read(folder: string): Saved | undefined {
  try {
    return Saved.parse(JSON.parse(readFileSync(fileIn(folder), 'utf8')))
  } catch {
    return undefined
  }
}

/** Whole or not at all: a command may be killed in the middle. */
function write(folder: string, saved: Saved): void {
  writeFileSync(`${fileIn(folder)}.next`, JSON.stringify(saved, null, 2), { mode: 0o600 })
  renameSync(`${fileIn(folder)}.next`, fileIn(folder))
}

function raise(sys: string, setting: string, least: number): void {
  const file = join(sys, setting)
  if (Number(readFileSync(file, 'utf8')) < least) writeFileSync(file, String(least))
}
