import { randomBytes } from 'node:crypto'
import type { CoreV1Api } from '@kubernetes/client-node'
import { YEAR } from '../authority.ts'
import { holdAuthority, unless } from '../hold.ts'
import { newLeaf } from '../leaf.ts'
import { type Creation, decide, type Fault, type Observed } from './decide.ts'
import { DIRECTORY_NAMES, PLACES, type Wanted } from './wanted.ts'

/** Rounds of looking and making; each makes all it can, so more than a few mean that somebody removes as fast. */
const ROUNDS = 8

/**
 * Makes what is absent, and changes nothing that exists. Two at once make one set: whoever comes second finds the
 * first one's. Resolves with what it made and with the faults of what was there before.
 *
 * @throws ApiException where the API server refuses or a namespace is not there yet: to be tried again.
 */
export async function makeSecrets(
  api: CoreV1Api,
  now: () => Date,
): Promise<{ made: Wanted[]; faults: Fault[] }> {
  const made: Wanted[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const { create, faults } = decide(await observe(api), now())
    if (create.length === 0) return { made, faults }
    for (const creation of create) {
      const wanted = await make(api, creation, now)
      if (wanted !== undefined) made.push(wanted)
    }
  }
  throw new Error(`secrets vanish as fast as they are made: see who removes them (${ROUNDS} rounds)`)
}

export async function observe(api: CoreV1Api): Promise<Observed> {
  const seen: Partial<Record<Wanted, Record<string, string>>> = {}
  for (const wanted of Object.keys(PLACES).filter(isWanted)) {
    const data = wanted === 'trust' ? await configMap(api) : await secret(api, wanted)
    if (data !== undefined) seen[wanted] = data
  }
  return seen
}

const isWanted = (key: string): key is Wanted => Object.hasOwn(PLACES, key)

async function secret(api: CoreV1Api, wanted: Wanted): Promise<Record<string, string> | undefined> {
  const found = await unless(404, api.readNamespacedSecret(PLACES[wanted]))
  if (found === undefined) return undefined
  const decode = (value: string): string => Buffer.from(value, 'base64').toString('utf8')
  return Object.fromEntries(Object.entries(found.data ?? {}).map(([key, value]) => [key, decode(value)]))
}

async function configMap(api: CoreV1Api): Promise<Record<string, string> | undefined> {
  const found = await unless(404, api.readNamespacedConfigMap(PLACES.trust))
  return found === undefined ? undefined : { ...found.data }
}

/** @returns what was made; nothing when somebody else was faster. */
async function make(api: CoreV1Api, creation: Creation, now: () => Date): Promise<Wanted | undefined> {
  switch (creation.kind) {
    case 'authority':
      await holdAuthority(api, PLACES.authority, now)
      return 'authority'
    case 'password':
      return create(api, creation.wanted, { password: randomBytes(24).toString('base64url') })
    case 'copy':
      return create(api, creation.wanted, creation.data)
    case 'leaf': {
      // slapd reads its certificate once, when it starts: it gets one for as long as its authority lives.
      const leaf = await newLeaf(creation.authority, DIRECTORY_NAMES, now(), 100 * YEAR)
      return create(api, 'directoryLeaf', {
        'tls.crt': leaf.certificate,
        'tls.key': leaf.key,
        'ca.crt': creation.authority.certificate,
      })
    }
  }
}

async function create(
  api: CoreV1Api,
  wanted: Wanted,
  data: Readonly<Record<string, string>>,
): Promise<Wanted | undefined> {
  const { namespace, name } = PLACES[wanted]
  const metadata = { namespace, name }
  const created =
    wanted === 'trust'
      ? api.createNamespacedConfigMap({ namespace, body: { metadata, data: { ...data } } })
      : api.createNamespacedSecret({ namespace, body: { metadata, type: 'Opaque', stringData: { ...data } } })
  return (await unless(409, created)) === undefined ? undefined : wanted
}
