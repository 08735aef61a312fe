import type { Clock } from '../../service/clock.ts'
import type { Directory } from '../directory.ts'
import { openMounted } from '../mounted.ts'
import { readStamps } from '../read-stamps.ts'
import type { Stamps } from '../stamps.ts'
import type { Facts } from './facts.ts'
import type { Settings } from './settings.ts'

/** Ms that a server has to say how far it has come. */
const LIMIT = 2_000

export interface Servers {
  look(): Promise<Pick<Facts, 'own' | 'others'>>
  close(): Promise<void>
}

/** Asks every server over a connection of its own. Who does not answer in time is asked again by the next look. */
export function openServers({ ldap, servers, ordinal }: Settings, clock: Clock): Servers {
  const own = asked(openMounted(ldap), clock)
  const others = servers
    .map((url, number) => [number, url] as const)
    .filter(([number]) => number !== ordinal)
    .map(([number, url]) => [number, asked(openMounted({ ...ldap, url }), clock)] as const)
  return {
    async look() {
      const found = await Promise.all(
        others.map(async ([number, one]) => [number, await one.read()] as const),
      )
      // Read last: what the others had by then is not missing here for having been read early.
      return {
        others: new Map(found.flatMap(([number, stamps]) => (stamps ? [[number, stamps]] : []))),
        own: await own.read(),
      }
    },
    async close() {
      await Promise.all([own, ...others.map(([, one]) => one)].map((one) => one.close()))
    },
  }
}

function asked(directory: Directory, clock: Clock) {
  let pending: Promise<Stamps | undefined> | undefined
  const read = (): Promise<Stamps | undefined> => {
    pending ??= directory
      .use('asking how far it has come', (client) => readStamps(client, directory.baseDN))
      .catch(() => undefined)
      .finally(() => {
        pending = undefined
      })
    return pending
  }
  return {
    read: async (): Promise<Stamps | undefined> => {
      const settled = new AbortController()
      try {
        return await Promise.race([read(), clock.sleep(LIMIT, settled.signal).then(() => undefined)])
      } finally {
        settled.abort()
      }
    },
    close: () => directory.close(),
  }
}
