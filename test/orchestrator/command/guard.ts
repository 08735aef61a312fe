import { Chart, Testing } from 'cdk8s'
import { guardDefinition } from '../../../charts/orchestrator/definitions.ts'
import { API_GROUP, API_VERSION, CONTROL_PLANE_GUARD } from '../../../config/names.ts'
import type { State } from '../../../orchestrator/state.ts'
import { GIB, heard, NOW, pc } from '../facts.ts'

/** A ControlPlaneGuard, and the Nodes of its room, as the API server has them. */

const { kind, name } = CONTROL_PLANE_GUARD

const chart = new Chart(Testing.app(), 'definition')
guardDefinition(chart)
export const DEFINITION = chart.toJson()[0]

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
