import { z } from 'zod'
import { MASTER } from '../../config/labels.ts'
import type { Pc } from './plan.ts'

const Nodes = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()).default({}) }),
      status: z.object({
        conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
      }),
    }),
  ),
})

/** What the cluster says of a PC: what it is now, whatever it was made as, and whether it is ready. */
export interface SeenPc {
  readonly role: Pc['role']
  readonly state: string
}

const STATES: Readonly<Record<string, string>> = { True: 'ready', False: 'not ready', Unknown: 'silent' }

/** @param nodes what the API server says of all, JSON */
export const seenPcs = (nodes: string): ReadonlyMap<string, SeenPc> =>
  new Map(
    Nodes.parse(JSON.parse(nodes)).items.map(({ metadata: { name, labels }, status }) => {
      const ready = status.conditions.find(({ type }) => type === 'Ready')?.status ?? 'Unknown'
      return [name, { role: MASTER in labels ? 'master' : 'worker', state: STATES[ready] ?? ready }]
    }),
  )
