import { constants } from 'node:fs'
import { access, mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { HOME_PLACES, type HomePlace, type Notice } from '../../config/desktop-troubles.ts'
import { homeIsFull } from './full.ts'

/** A place of the home that the desktop does without, and why. */
export interface Unusable extends Notice {
  readonly place: HomePlace
}

/** For each of the three folders that programs are told of, what keeps it from being used, if anything does. */
export interface HomePlaces {
  readonly config: Unusable | undefined
  readonly data: Unusable | undefined
  /** The note of which programs were open. */
  readonly sessions: Unusable | undefined
}

/** The way to each, and what of it must be writable: into `.config` programs put folders of their own. */
const WAYS: Readonly<Record<keyof HomePlaces, { readonly to: HomePlace; readonly all: boolean }>> = {
  config: { to: '.config/xfce4/xfconf/xfce-perchannel-xml', all: true },
  data: { to: '.local/share', all: false },
  sessions: { to: '.local/state/deskfleet/sessions', all: false },
}

/** Looks at the folders of a home that a desktop writes to, and makes those that are missing. */
export async function lookAtPlaces(home: string): Promise<HomePlaces> {
  const unusable = async ({ to, all }: (typeof WAYS)['config']): Promise<Unusable | undefined> => {
    const found: (Unusable | undefined)[] = []
    for (const place of HOME_PLACES.filter((one) => one === to || to.startsWith(`${one}/`))) {
      const what = await faultOf(join(home, place))
      found.push(what && { what, place })
    }
    // The first is why, whatever comes of it further down.
    return (all ? found : found.slice(-1)).every((one) => one === undefined)
      ? undefined
      : found.find((one) => one !== undefined)
  }
  const found = {
    config: await unusable(WAYS.config),
    data: await unusable(WAYS.data),
    sessions: await unusable(WAYS.sessions),
  }
  if ((await homeIsFull(home)) === undefined) return found
  // Programs end where they cannot make a folder of their own: what is there is not enough.
  const full = (one: Unusable | undefined): Unusable =>
    one === undefined || one.what === 'unmade' ? { what: 'unmade', place: '.config' } : one
  return { config: full(found.config), data: full(found.data), sessions: full(found.sessions) }
}

/** Each of them once: a folder may be on the way to several. */
export function unusableIn({ config, data, sessions }: HomePlaces): Unusable[] {
  const all = [config, data, sessions].filter((one) => one !== undefined)
  return all.filter((one, index) => all.findIndex(({ place }) => place === one.place) === index)
}

async function faultOf(path: string): Promise<Notice['what'] | undefined> {
  try {
    await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    if (!(await stat(path)).isDirectory()) return 'blocked'
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK)
    return undefined
  } catch (error) {
    return FAULTS[(error as NodeJS.ErrnoException).code ?? ''] ?? 'foreign'
  }
}

const FAULTS: Readonly<Record<string, Notice['what']>> = {
  ENOSPC: 'unmade',
  EDQUOT: 'unmade',
  // A link that leads nowhere, or round and round.
  ENOENT: 'blocked',
  ENOTDIR: 'blocked',
  ELOOP: 'blocked',
}
