import { z } from 'zod'

/** A condition of an object's status, as Kubernetes has them (meta/v1 Condition). */
export const Condition = z.object({
  type: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string().default(''),
  message: z.string().default(''),
  observedGeneration: z.int().optional(),
  /** RFC 3339, whole seconds. */
  lastTransitionTime: z.string().optional(),
})
export type Condition = Readonly<z.infer<typeof Condition>>

/** What a condition is to say now. */
export interface ConditionNews {
  readonly type: string
  readonly status: Condition['status']
  readonly reason: string
  readonly message: string
  /** The generation of the object's spec that it is about. */
  readonly generation: number
}

/** The news as a condition over the one that stands: `lastTransitionTime` moves only when the status does. */
export function conditionOver(
  before: Condition | undefined,
  { generation, ...news }: ConditionNews,
  now: Date,
): Condition {
  const since = before?.status === news.status ? before.lastTransitionTime : undefined
  return {
    ...news,
    observedGeneration: generation,
    lastTransitionTime: since ?? `${now.toISOString().slice(0, 19)}Z`,
  }
}

/** Whether they say anything that the condition that stands does not; of what is well, words alone are no news. */
export const isNews = (before: Condition | undefined, news: ConditionNews): boolean =>
  before?.status !== news.status ||
  before.observedGeneration !== news.generation ||
  (news.status !== 'True' && (before.reason !== news.reason || before.message !== news.message))
