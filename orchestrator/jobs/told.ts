import { z } from 'zod'

/** What a step tells at its end (`deskfleet-crown`, stdout): advice. Whether it happened is judged by what others see. */

const Told = z.object({
  step: z.string(),
  operation: z.string(),
  attempt: z.string(),
  /** `later`: not now, so ask again. */
  outcome: z.enum(['done', 'refused', 'later', 'failed']),
  reason: z.string(),
})

export const HostFacts = Told.extend({
  bootId: z.string(),
  kubeadm: z.string(),
  cores: z.number(),
  memoryMiB: z.number(),
  freeMiB: z.number(),
  /** Of a small write, in the mean. */
  syncMicroseconds: z.number(),
  clockSynchronized: z.boolean(),
  master: z.boolean(),
  apiReady: z.boolean(),
  /** A join, or a crown's taking off, has begun and is not through. */
  joining: z.boolean(),
  uncrowning: z.boolean(),
  epoch: z.number(),
  /** Of a master: files that its API server is given beside kubeadm's own, as sha256sum writes them. */
  apiFiles: z.array(z.string()),
})
const Reach = Told.extend({ reached: z.boolean() })

export type Told = Readonly<z.infer<typeof Told>>
export type HostFacts = Readonly<z.infer<typeof HostFacts>>

/** @param message of the pod's terminated container; undefined where it says nothing that can be read */
export const readTold = (message: string): Told | undefined => read(Told, message)
export const readHostFacts = (message: string): HostFacts | undefined => read(HostFacts, message)
/** Whether the PC that was asked for answered; undefined where nobody knows. */
export const readReached = (message: string): boolean | undefined => read(Reach, message)?.reached

function read<T>(schema: z.ZodType<T>, message: string): T | undefined {
  try {
    return schema.parse(JSON.parse(message))
  } catch {
    return undefined
  }
}
