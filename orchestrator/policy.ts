import { z } from 'zod'

/** The spec of the ControlPlaneGuard: what the administrator decided in `cluster.yaml`, section `masters`. */
export const Spec = z
  .object({
    /** Observe only tells what is sick; Suggest also whom it would crown; Act does it. */
    mode: z.enum(['Observe', 'Suggest', 'Act']),
    /** How many PCs are masters; auto: by the number of PCs. */
    count: z.union([z.literal('auto'), z.literal(1), z.literal(3), z.literal(5)]),
    /** For so long a master must be silent before it counts as dead. */
    deadAfterSeconds: z.int().min(60),
    /** Whether an heir is rebooted, to begin clean and to prove that it comes up again. */
    reboot: z.enum(['Always', 'IfUptimeOver', 'Never']),
    /** Whether masters are changed only while a proven backup is at hand. */
    backup: z.enum(['Required', 'Preferred']),
  })
  .transform(({ deadAfterSeconds, ...rest }) => ({ ...rest, deadAfter: deadAfterSeconds * 1_000 }))
/** The same with times in ms. */
export type Policy = Readonly<z.output<typeof Spec>>
