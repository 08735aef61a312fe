import { z } from 'zod'
import { cookieLine } from '../session/cookie.ts'
import { DEVICE_KEYS, type Key } from '../session/keys.ts'
import { opened, sealed } from '../session/sealed.ts'

/**
 * A browser that somebody was let in by, as its own sealed cookie says it. It lets nobody in: with it, a try for that
 * person is counted apart from everybody else's, so that strangers who guess make nobody wait but strangers.
 */
export interface Device {
  /** Of this browser alone. */
  readonly nonce: string
  /** Who was let in by it, newest first: LDAP's immutable name, and when (ms since the epoch). */
  readonly people: readonly (readonly [entryUUID: string, at: number])[]
}

/** Beside the session's cookie, and it stays when that one goes: `__Host-` for the same reason. */
export const DEVICE_COOKIE = '__Host-desk-device'

/** For so long since somebody's last login a browser knows them. */
export const DEVICE_LIFE = DEVICE_KEYS.life
/** PCs are shared; the cookie goes with every request, so it stays below 2 KiB. */
export const MOST_PEOPLE = 20

const AUDIENCE = 'deskfleet-device'
const LONGEST = 2_500

const Claims = z.object({
  nonce: z.string().min(16).max(64),
  people: z.array(z.tuple([z.string().min(1), z.number()])).max(MOST_PEOPLE),
})

/** Whether that person was let in by it, and not too long ago. */
export const knows = (device: Device | undefined, entryUUID: string | undefined, now: number): boolean =>
  device?.people.some(([who, at]) => who === entryUUID && now - at < DEVICE_LIFE) ?? false

/** The device after that person was let in by it; whoever came longest ago makes room. */
export function letIn({ nonce, people }: Device, entryUUID: string, now: number): Device {
  const others = people.filter(([who, at]) => who !== entryUUID && now - at < DEVICE_LIFE)
  const all: Device['people'] = [[entryUUID, now], ...others]
  return { nonce, people: all.slice(0, MOST_PEOPLE) }
}

/** The device as text for the cookie. */
export const sealDevice = ({ nonce, people }: Device, keys: readonly Key[], now: number): Promise<string> =>
  sealed({ nonce, people }, AUDIENCE, keys, now)

/** The device in a cookie's value; undefined for whatever was not sealed by a key that we hold. */
export async function unsealDevice(text: string, keys: readonly Key[]): Promise<Device | undefined> {
  if (text.length > LONGEST) return undefined
  return Claims.safeParse(await opened(text, AUDIENCE, keys)).data
}

export const deviceCookie = (text: string): string => cookieLine(DEVICE_COOKIE, text, DEVICE_LIFE)
