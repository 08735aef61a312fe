import { CoreV1Api, type KubeConfig } from '@kubernetes/client-node'
import { unless } from '../../cluster/answer.ts'
import { keptClient } from '../../cluster/client.ts'
import { swap } from '../../cluster/swap.ts'
import { ROTATION } from '../../config/labels.ts'
import type { Clock } from '../../service/clock.ts'
import { newAuthority } from '../authority.ts'
import { holdStanding, moved } from '../standing.ts'
import { decide } from './decide.ts'
import type { Memory, Verdict } from './facts.ts'
import { observe, openLooks } from './observe.ts'
import { INSIDE } from './pass.ts'
import { KEPT, TRUST } from './places.ts'
import type { Settings } from './settings.ts'

/** Takes the rotation of the inner authority on by a step, where one is due. */
export interface Rotation {
  /**
   * To be called when everything that is kept was looked at: places are written there, and only read here.
   *
   * @throws ApiException
   */
  step(): Promise<Verdict>
}

export function openRotation(cluster: KubeConfig, clock: Clock, delays: Settings['rotation']): Rotation {
  const api = keptClient(cluster, CoreV1Api)
  const looks = openLooks(cluster, api)
  let memory: Memory
  return {
    async step() {
      // Places and leaves are read after the authority, and it is written over the version that was read before them:
      // what was seen holds for the very step that it allows.
      const { standing, secret } = await holdStanding(api, KEPT.inside, INSIDE, clock.wall)
      const facts = await observe(looks, standing, { wall: clock.wall().getTime(), now: clock.now() })
      const verdict = decide(facts, memory, delays)
      memory = verdict.memory
      if (verdict.move) {
        const body = await moved(secret, verdict.move, () => newAuthority(INSIDE, clock.wall()))
        // Whoever was faster has taken the step, or another one: the next look shows which.
        await unless(409, () => api.replaceNamespacedSecret({ ...KEPT.inside, body }))
      }
      await say(api, verdict, clock.wall)
      return verdict
    },
  }
}

/** What is said of a rotation, on the ConfigMap of the certificates: whoever may read that sees it. */
export interface Said {
  readonly phase: Verdict['phase']
  /** RFC 3339. */
  readonly since: string
  readonly waitsFor: readonly string[]
}

async function say(api: CoreV1Api, { phase, waitsFor }: Verdict, wall: () => Date): Promise<void> {
  await swap({
    read: () => unless(404, () => api.readNamespacedConfigMap(TRUST.inside)),
    change: (live) => {
      if (!live) return undefined
      const before = parsed(live.metadata?.annotations?.[ROTATION])
      const since = (before?.phase === phase ? before.since : undefined) ?? wall().toISOString()
      const said = JSON.stringify({ phase, since, waitsFor } satisfies Said)
      if (live.metadata?.annotations?.[ROTATION] === said) return undefined
      const annotations = { ...live.metadata?.annotations, [ROTATION]: said }
      return { ...live, metadata: { ...live.metadata, annotations } }
    },
    write: (body) => unless(409, () => api.replaceNamespacedConfigMap({ ...TRUST.inside, body })),
  })
}

function parsed(said: string | undefined): Partial<Said> | undefined {
  try {
    return said === undefined ? undefined : JSON.parse(said)
  } catch {
    return undefined
  }
}
