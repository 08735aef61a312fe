import { z } from 'zod'
import { UUID_PATTERN } from '../config/home-marker.ts'
import { DESKTOP } from '../config/names.ts'
import { type Environment, given, PROGRAM, type Read, readSettings as read } from '../service/settings.ts'

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
  /** The most that a viewer may make of it. */
  readonly screenPixels: number
  /** As setxkbmap takes it: `de` or `ch(fr)`. */
  readonly keyboard: string
  readonly language: string
  readonly timeZone: string
  readonly port: number
  /** Folder with `tls.crt`, `tls.key`, `token`, `gateway-ca.crt`. */
  readonly secrets: string
  /** A tmpfs of the pod. */
  readonly run: string
  readonly shared: string
  /** Bytes that an uploaded file may have. */
  readonly largestFile: number
}

const Variables = z
  .object({
    ...PROGRAM,
    HOME: given.startsWith('/', 'is not an absolute path'),
    USER: given,
    SHELL: z.string().startsWith('/', 'is not an absolute path').default('/bin/bash'),
    PATH: z.string().default('/usr/local/bin:/usr/bin:/bin'),
    DESKFLEET_ENTRY_UUID: given.toLowerCase().regex(UUID_PATTERN, 'is no entryUUID'),
    DESKFLEET_POD: given,
    DESKFLEET_SCREEN: z
      .string()
      .regex(/^[1-9]\d{2,3}x[1-9]\d{2,3}$/, 'is not WIDTHxHEIGHT')
      .default('1280x800'),
    DESKFLEET_SCREEN_PIXELS: z.coerce
      .number()
      .int()
      .positive()
      .default(3840 * 2160),
    DESKFLEET_KEYBOARD: z
      .string()
      .regex(/^[a-z]{2,12}(\([A-Za-z0-9_-]+\))?$/, 'is no keyboard layout, as de or ch(fr)')
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
      screenPixels: env.DESKFLEET_SCREEN_PIXELS,
      keyboard: env.DESKFLEET_KEYBOARD,
      language: env.LANG,
      timeZone: env.TZ,
      port: env.DESKFLEET_PORT,
      secrets: env.DESKFLEET_SECRETS,
      run: env.DESKFLEET_RUN,
      shared: env.DESKFLEET_SHARED,
      largestFile: env.DESKFLEET_LARGEST_FILE,
    }),
  )

/** The settings, or everything that is wrong with them. */
export const readSettings = (environment: Environment): Read<Settings> => read(Variables, environment)
