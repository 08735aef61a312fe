import { CustomObjectsApi, type KubeConfig } from '@kubernetes/client-node'
import { z } from 'zod'
import { reasonOf, unless } from '../cluster/answer.ts'
import { keptClient } from '../cluster/client.ts'
import { HALT, PAUSE, RESUMED, STEP_DOWN } from '../config/labels.ts'
import { API_GROUP, API_VERSION, CONTROL_PLANE_GUARD } from '../config/names.ts'
import type { Orders } from './facts.ts'
import { type Policy, Spec } from './policy.ts'
import { NEW_STATE, State } from './state.ts'
import type { Summary } from './summary.ts'

/** The ControlPlaneGuard as it lies in the cluster: what is wanted (spec), what is asked (annotations), what is remembered. */

const Stored = z.object({
  metadata: z.object({
    uid: z.string(),
    resourceVersion: z.string(),
    annotations: z.record(z.string(), z.string()).default({}),
  }),
  spec: Spec,
  // What a later version wrote and this one does not understand is not thrown away: nothing is done then.
  status: z.looseObject({ record: State.optional() }).optional(),
})

/** What was read of it. */
export interface Guard {
  readonly uid: string
  readonly version: string
  readonly policy: Policy
  readonly orders: Orders
  readonly state: State
}

/** @throws with every fault, when it is none that this program understands */
export function readGuard(object: unknown): Guard {
  const { metadata, spec, status } = Stored.parse(object)
  return {
    uid: metadata.uid,
    version: metadata.resourceVersion,
    policy: spec,
    orders: ordersIn(metadata.annotations),
    state: status?.record ?? NEW_STATE,
  }
}

const said = (text: string | undefined): string | undefined => (text === '' ? undefined : text)

function ordersIn(annotations: Readonly<Record<string, string>>): Orders {
  const pause = said(annotations[PAUSE])
  return {
    halt: said(annotations[HALT]),
    resumed: Date.parse(annotations[RESUMED] ?? '') || 0,
    pauses: pause === undefined ? [] : [pause],
    stepDown: said(annotations[STEP_DOWN]),
  }
}

/** Where the Guard lies: it is read, and its status swapped. */
export interface GuardStore {
  /** @throws where it cannot be read, or there is none */
  read(): Promise<Guard>
  /**
   * Writes the status whole over exactly what was read.
   *
   * @returns the Guard as it stands then; undefined when somebody else wrote in between.
   */
  write(over: Guard, state: State, summary: Summary): Promise<Guard | undefined>
  /** Takes an order away that was carried out, or cannot be. */
  forget(order: string): Promise<void>
}

const OURS = {
  group: API_GROUP,
  version: API_VERSION,
  plural: CONTROL_PLANE_GUARD.plural,
  name: CONTROL_PLANE_GUARD.name,
} as const

/** Needs `get` and `patch` on the Guard, and `update` on its status. */
export function guardStore(cluster: KubeConfig): GuardStore {
  const api = keptClient(cluster, CustomObjectsApi)
  return {
    async read() {
      const found = await unless(404, () => api.getClusterCustomObject(OURS))
      if (found === undefined)
        throw new Error(`there is no ${CONTROL_PLANE_GUARD.kind} ${OURS.name}: was it delivered?`)
      try {
        return readGuard(found)
      } catch (error) {
        const why = `the ${CONTROL_PLANE_GUARD.kind} is none that this version understands: ${reasonOf(error)}`
        throw new Error(why, { cause: error })
      }
    },
    write: ({ version }, state, summary) =>
      unless(409, async () =>
        readGuard(
          await api.replaceClusterCustomObjectStatus({
            ...OURS,
            body: {
              apiVersion: `${API_GROUP}/${API_VERSION}`,
              kind: CONTROL_PLANE_GUARD.kind,
              metadata: { name: OURS.name, resourceVersion: version },
              status: { ...summary, record: state },
            },
          }),
        ),
      ),
    async forget(order) {
      const body = [{ op: 'remove', path: `/metadata/annotations/${order.replaceAll('/', '~1')}` }]
      // 422: it is gone already.
      await unless(422, () => api.patchClusterCustomObject({ ...OURS, body }))
    },
  }
}
