import { API_GROUP, API_VERSION, CONTROL_PLANE_GUARD } from '../../../config/names.ts'
import type { State } from '../../../orchestrator/state.ts'
import { GIB, heard, NOW, pc } from '../facts.ts'

/** A ControlPlaneGuard, and the Nodes of its room, as the API server has them. */

const { kind, plural, singular, name } = CONTROL_PLANE_GUARD

/** As much of a definition as lets the API server keep any Guard. */
export const DEFINITION = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${API_GROUP}` },
  spec: {
    group: API_GROUP,
    names: { kind, plural, singular },
    scope: 'Cluster',
    versions: [
      {
        name: API_VERSION,
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
}

export const guardObject = (
  record: Partial<State> | undefined,
  annotations: Readonly<Record<string, string>> = {},
  spec: object = {},
) => ({
  apiVersion: `${API_GROUP}/${API_VERSION}`,
  kind,
  metadata: { name, uid: 'u', resourceVersion: '1', annotations },
  spec: {
    mode: 'Act',
    count: 'auto',
    deadAfterSeconds: 300,
    reboot: 'Always',
    backup: 'Required',
    ...spec,
  },
  ...(record === undefined ? {} : { status: { lookedAt: new Date(record.at ?? NOW).toISOString(), record } }),
})

/** Heard without a break for a day, as of that look. */
export const heardAt = (at: number, numbers: readonly number[]) =>
  Object.fromEntries(
    numbers.map((number) => [
      `pc-${number}`,
      heard(pc(number), { since: at - 1_000, steadySince: at - 86_400_000 }),
    ]),
  )

export const nodeStatus = (lastHeartbeatTime: Date) => ({
  capacity: { cpu: '4', memory: `${8 * GIB}`, pods: '110' },
  conditions: [{ type: 'Ready', status: 'True', reason: 'Test', message: '', lastHeartbeatTime }],
})
