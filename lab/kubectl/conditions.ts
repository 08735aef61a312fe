import { z } from 'zod'

/** The conditions of a Kubernetes object's status, as far as the lab reads them. */
export const Conditions = z.array(z.object({ type: z.string(), status: z.string() }))

export function holds(conditions: z.infer<typeof Conditions> | null | undefined, type: string): boolean {
  return conditions?.some((one) => one.type === type && one.status === 'True') ?? false
}
