import { randomBytes } from 'node:crypto'
import type { ClusterView } from '../cluster/view.ts'
import { cookieIn } from '../session/cookie.ts'
import { DEVICE_KEYS, type Key } from '../session/keys.ts'
import { keysOf } from '../session/sessions.ts'
import { DEVICE_COOKIE, type Device, deviceCookie, knows, letIn, sealDevice, unsealDevice } from './device.ts'

/** Browsers that let somebody in before. Nothing is kept of them but the cookie that each has itself. */
export interface Devices {
  /** The nonce of the browser that sent that cookie header, if the person of that slug was let in by it. */
  knowing(slug: string, cookieHeader: string | undefined): Promise<string | undefined>
  /** The `Set-Cookie` by which that browser knows the person from now on; none while there is no key for it. */
  letIn(entryUUID: string, cookieHeader: string | undefined): Promise<string | undefined>
}

export function openDevices(view: Pick<ClusterView, 'people' | 'sessionKeys'>, now: () => number): Devices {
  const keys = (): Key[] => keysOf(view, DEVICE_KEYS)
  const deviceIn = async (header: string | undefined): Promise<Device | undefined> => {
    const text = cookieIn(header, DEVICE_COOKIE)
    return text === undefined ? undefined : await unsealDevice(text, keys())
  }
  return {
    async knowing(slug, header) {
      const device = await deviceIn(header)
      return knows(device, view.people.get(slug)?.identity.spec.entryUUID, now()) ? device?.nonce : undefined
    },
    async letIn(entryUUID, header) {
      // While a version without them leads, nobody has made a key yet: a login is worth more than being known.
      if (keys().length === 0) return undefined
      const device = (await deviceIn(header)) ?? newDevice()
      return deviceCookie(await sealDevice(letIn(device, entryUUID, now()), keys(), now()))
    },
  }
}

const newDevice = (): Device => ({ nonce: randomBytes(16).toString('base64url'), people: [] })
