import type { CustomObjectsApi, V1Node } from '@kubernetes/client-node'
import { z } from 'zod'
import { HALT, MASTER, PAUSE, STEP_DOWN } from '../config/labels.ts'
import { API_GROUP, API_VERSION, CONTROL_PLANE_GUARD } from '../config/names.ts'
import { unless } from './answer.ts'

/** What the orchestrator tells of the masters, for those who only read it. Times are ms since 1970. */

const Sick = z.object({ as: z.string(), since: z.number() })

const Operation = z.object({
  id: z.string(),
  kind: z.string(),
  phase: z.string(),
  since: z.number(),
  begun: z.number(),
  leaving: z.array(z.object({ name: z.string(), as: z.string().optional() })),
  heir: z.object({ name: z.string(), why: z.string() }).optional(),
  waiting: z.string().optional(),
  failed: z.string().optional(),
})

const Ended = z.object({
  id: z.string(),
  kind: z.string(),
  begun: z.number(),
  ended: z.number(),
  leaving: z.array(z.string()),
  heir: z.string().optional(),
  failed: z.string().optional(),
})

/** Whatever a later version remembers besides is no hindrance to reading this. */
const Record = z.object({
  at: z.number().default(0),
  sick: z.record(z.string(), Sick).default({}),
  stormUntil: z.number().default(0),
  storm: z.string().default(''),
  size: z.object({ wanted: z.int() }).default({ wanted: 0 }),
  operation: Operation.optional(),
  waiting: z.string().optional(),
  suggestion: z.string().optional(),
  deposed: z.array(z.string()).default([]),
  halted: z.object({ since: z.number(), why: z.string() }).optional(),
  history: z.array(Ended).default([]),
})

const moment = z.iso.datetime().transform((text) => Date.parse(text))
const time = moment.optional()

const Guard = z
  .object({
    metadata: z.object({ annotations: z.record(z.string(), z.string()).default({}) }),
    spec: z.object({ mode: z.string() }),
    status: z
      .object({
        backupAt: time,
        lookedAt: time,
        certificates: z.record(z.string(), moment).default({}),
        record: Record.prefault({}),
      })
      .prefault({}),
  })
  .transform(({ metadata: { annotations }, spec, status: { record, ...status } }) => ({
    mode: spec.mode,
    /** What administrators ask for now. */
    orders: {
      halt: annotations[HALT] || undefined,
      pause: annotations[PAUSE] || undefined,
      stepDown: annotations[STEP_DOWN] || undefined,
    },
    /** When the newest copy of etcd was proven. */
    backupAt: status.backupAt,
    /** When the certificate of each master's API server ends, by the PC. */
    certificates: status.certificates,
    /** When the orchestrator looked last, as it wrote down: it writes three times a minute at least. 0: never. */
    lookedAt: Math.max(status.lookedAt ?? 0, record.at),
    ...record,
  }))
/** The masters as the orchestrator tells of them. */
export type ToldGuard = Readonly<z.output<typeof Guard>>

/** @throws with every fault, when it is none that this version understands */
export const readToldGuard = (object: unknown): ToldGuard => Guard.parse(object)

export const GUARD = {
  group: API_GROUP,
  version: API_VERSION,
  plural: CONTROL_PLANE_GUARD.plural,
  name: CONTROL_PLANE_GUARD.name,
} as const

/** Undefined where there is none: nobody watches over the masters of this room. Needs `get`. */
export async function toldGuard(api: CustomObjectsApi): Promise<ToldGuard | undefined> {
  const found = await unless(404, () => api.getClusterCustomObject(GUARD))
  return found === undefined ? undefined : readToldGuard(found)
}

/** A master: what the orchestrator says of it, and what its own Node says. */
export interface ToldMaster {
  readonly pc: string
  /** What is wrong with it; undefined: nothing that is known. */
  readonly sick: { readonly as: string; readonly since: number } | undefined
  /** It is on its way: `coming` to be one, `leaving`. */
  readonly way: 'coming' | 'leaving' | undefined
  /** Since when it is one, by the operation that made it so; else since when the PC belongs to the room. */
  readonly since: number | undefined
  /** Its kubelet says so itself, and the room hears it. */
  readonly ready: boolean
}

/** PCs that are marked as masters, and those of which the orchestrator says so, by name. */
export function mastersTold(guard: ToldGuard, nodes: readonly V1Node[]): readonly ToldMaster[] {
  const { operation, sick, history } = guard
  const marked = nodes.flatMap(({ metadata }) =>
    MASTER in (metadata?.labels ?? {}) ? (metadata?.name ?? []) : [],
  )
  const coming = operation?.heir?.name
  const names = [...marked, ...Object.keys(sick), ...(coming === undefined ? [] : [coming])]
  return [...new Set(names)].sort().map((pc): ToldMaster => {
    const node = nodes.find(({ metadata }) => metadata?.name === pc)
    const crowned = history.find(({ heir, failed }) => heir === pc && failed === undefined)
    const leaves = operation?.leaving.some(({ name }) => name === pc)
    return {
      pc,
      sick: sick[pc],
      way: pc === coming ? 'coming' : leaves ? 'leaving' : undefined,
      since: pc === coming ? operation?.since : (crowned?.ended ?? timeOf(node?.metadata?.creationTimestamp)),
      ready: (node?.status?.conditions ?? []).some(
        ({ type, status }) => type === 'Ready' && status === 'True',
      ),
    }
  })
}

/** Client-node's lists hold dates, its watches the texts of the API server. */
const timeOf = (time: Date | string | undefined): number | undefined =>
  time === undefined ? undefined : new Date(time).getTime()

/** Something that an administrator should see to. */
export type MasterTrouble =
  /** Nobody watches: the orchestrator has not looked for so long; at 0, never. */
  | { readonly trouble: 'blind'; readonly lookedAt: number }
  | { readonly trouble: 'halted'; readonly why: string; readonly ordered: boolean }
  | { readonly trouble: 'sick'; readonly pc: string; readonly as: string; readonly since: number }
  | { readonly trouble: 'few'; readonly well: number; readonly wanted: number }
  | { readonly trouble: 'storm'; readonly why: string }
  | { readonly trouble: 'copy'; readonly backupAt: number | undefined }
  /** kubeadm's certificates on it were not renewed in time: they are, half a year before they end. */
  | { readonly trouble: 'certificate'; readonly pc: string; readonly ends: number }

/** It looks every few seconds, and writes so three times a minute; another run takes over within one. */
export const BLIND_AFTER = 2 * 60_000
/** Masters are changed only with a copy that is younger. */
const COPY_OLD = 6 * 3_600_000
const DAY = 24 * 3_600_000
/** A master renews half a year before; one that has so little left has tried for months. */
export const CERTIFICATE_SHORT = 60 * DAY

/** All that is wrong with the masters, the worst first. Pure. */
export function masterTroubles(
  guard: ToldGuard,
  masters: readonly ToldMaster[],
  now: number,
): readonly MasterTrouble[] {
  const { lookedAt, orders, halted, sick, storm, stormUntil, size, backupAt, certificates } = guard
  const well = masters.filter((one) => one.sick === undefined && one.way !== 'coming').length
  const halt = orders.halt ?? halted?.why
  const troubles: (MasterTrouble | false)[] = [
    now - lookedAt > BLIND_AFTER && { trouble: 'blind', lookedAt },
    halt !== undefined && { trouble: 'halted', why: halt, ordered: orders.halt !== undefined },
    ...Object.entries(sick).map(([pc, one]): MasterTrouble => ({ trouble: 'sick', pc, ...one })),
    well < size.wanted && { trouble: 'few', well, wanted: size.wanted },
    stormUntil > now && storm !== '' && { trouble: 'storm', why: storm },
    (backupAt === undefined || now - backupAt > COPY_OLD) && { trouble: 'copy', backupAt },
    ...Object.entries(certificates).map(
      ([pc, ends]): MasterTrouble | false =>
        ends - now < CERTIFICATE_SHORT && { trouble: 'certificate', pc, ends },
    ),
  ]
  return troubles.filter((one) => one !== false)
}
