import { randomBytes } from 'node:crypto'
import type { CoreV1Api } from '@kubernetes/client-node'
import { unless } from '../../cluster/answer.ts'
import { decide } from './decide.ts'
import type { Creation, Fault } from './facts.ts'
import { observe } from './observe.ts'
import { PLACES, type Wanted } from './wanted.ts'

/** Rounds of looking and making; each makes all it can, so more than a few mean that somebody removes as fast. */
const ROUNDS = 8

/**
 * Makes what is absent, and changes nothing that exists. Two at once make one set: whoever comes second finds the
 * first one's. Resolves with what it made and with the faults of what was there before.
 *
 * @throws ApiException where the API server refuses or a namespace is not there yet: to be tried again.
 */
export async function makeSecrets(api: CoreV1Api): Promise<{ made: Wanted[]; faults: Fault[] }> {
  const made: Wanted[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const { create, faults } = decide(await observe(api))
    if (create.length === 0) return { made, faults }
    for (const creation of create) {
      const wanted = await make(api, creation)
      if (wanted !== undefined) made.push(wanted)
    }
  }
  throw new Error(`secrets vanish as fast as they are made: see who removes them (${ROUNDS} rounds)`)
}

/** @returns what was made; nothing when somebody else was faster. */
async function make(api: CoreV1Api, creation: Creation): Promise<Wanted | undefined> {
  const { kind, namespace, name } = PLACES[creation.wanted]
  const metadata = { namespace, name }
  const data = dataOf(creation)
  const created = () =>
    kind === 'ConfigMap'
      ? api.createNamespacedConfigMap({ namespace, body: { metadata, data } })
      : api.createNamespacedSecret({ namespace, body: { metadata, type: 'Opaque', stringData: data } })
  return (await unless(409, created)) === undefined ? undefined : creation.wanted
}

function dataOf(creation: Creation): Record<string, string> {
  switch (creation.kind) {
    case 'password':
      return { password: randomBytes(24).toString('base64url') }
    case 'copy':
      return { ...creation.data }
    case 'empty':
      return {}
  }
}
