import { z } from 'zod'
import { UUID_PATTERN } from '../config/home-marker.ts'
import { DESKTOP } from '../config/names.ts'

/** What the pod tells its bridge; `desktop/` writes these variables. */
export interface Settings {
  readonly home: string
  readonly login: string
  readonly shell: string
  readonly path: string
  /** LDAP's immutable name of the person whose home this must be. */
  readonly entryUUID: string
  /** The pod's uid, for the lock. */
  readonly pod: string
  /** WIDTHxHEIGHT. */
  readonly screen: string
  /** As setxkbmap takes it: `de` or `ch(fr)`. */
  readonly keyboard: string
  readonly language: string
  readonly timeZone: string
  readonly port: number
  /** Folder with `tls.crt`, `tls.key`, `token`. */
  readonly secrets: string
  /** A tmpfs of the pod. */
  readonly run: string
  readonly shared: string
  /** Bytes that an uploaded file may have. */
  readonly largestFile: number
  readonly logLevel: string
}

const Environment = z
  .object({
    HOME: z.string().startsWith('/'),
    USER: z.string().min(1),
    SHELL: z.string().startsWith('/').default('/bin/bash'),
    PATH: z.string().default('/usr/local/bin:/usr/bin:/bin'),
    DESKFLEET_ENTRY_UUID: z.string().toLowerCase().regex(UUID_PATTERN, 'it must be an entryUUID'),
    DESKFLEET_POD: z.string().min(1),
    DESKFLEET_SCREEN: z
      .string()
      .regex(/^[1-9]\d{2,3}x[1-9]\d{2,3}$/, 'it must be WIDTHxHEIGHT')
      .default('1280x800'),
    DESKFLEET_KEYBOARD: z
      .string()
      .regex(/^[a-z]{2,12}(\([A-Za-z0-9_-]+\))?$/, 'it must be a keyboard layout, as de or ch(fr)')
      .default('us'),
    LANG: z.string().default('C.UTF-8'),
    TZ: z.string().default('Etc/UTC'),
    DESKFLEET_PORT: z.coerce.number().int().min(0).max(65_535).default(DESKTOP.port),
    DESKFLEET_SECRETS: z.string().default(DESKTOP.secrets),
    DESKFLEET_RUN: z.string().default('/run/desktop'),
    DESKFLEET_SHARED: z.string().default('/mnt/shared'),
    DESKFLEET_LARGEST_FILE: z.coerce
      .number()
      .int()
      .positive()
      .default(4 * 2 ** 30),
    DESKFLEET_LOG_LEVEL: z.string().default('info'),
  })
  .transform(
    (env): Settings => ({
      home: env.HOME,
      login: env.USER,
      shell: env.SHELL,
      path: env.PATH,
      entryUUID: env.DESKFLEET_ENTRY_UUID,
      pod: env.DESKFLEET_POD,
      screen: env.DESKFLEET_SCREEN,
      keyboard: env.DESKFLEET_KEYBOARD,
      language: env.LANG,
      timeZone: env.TZ,
      port: env.DESKFLEET_PORT,
      secrets: env.DESKFLEET_SECRETS,
      run: env.DESKFLEET_RUN,
      shared: env.DESKFLEET_SHARED,
      largestFile: env.DESKFLEET_LARGEST_FILE,
      logLevel: env.DESKFLEET_LOG_LEVEL,
    }),
  )

/** The settings, or everything that is wrong with them. */
export function readSettings(
  env: Readonly<Record<string, string | undefined>>,
): { readonly settings: Settings } | { readonly faults: string[] } {
  const read = Environment.safeParse(env)
  if (read.success) return { settings: read.data }
  return { faults: read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) }
}
