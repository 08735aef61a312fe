import { z } from 'zod'
import type { StepName } from './jobs/step.ts'

/** What changes a PC, or judges it, as a job: the steps of the host's file but for those that only look. */
export const NODE_STEPS = [
  'preflight',
  'reboot',
  'mint',
  'join',
  'stop-api',
  'demote',
] as const satisfies readonly StepName[]
export type NodeStep = (typeof NODE_STEPS)[number]

/** The one thing that is done next. Each may be done twice: the second time it is so already. */
export const Effect = z.discriminatedUnion('do', [
  /** Asks other PCs whether they reach a master that is silent. */
  z.object({ do: z.literal('ask'), master: z.string(), round: z.int(), from: z.array(z.string()) }),
  /** Begins a backup now. */
  z.object({ do: z.literal('backup'), job: z.string() }),
  z.object({ do: z.literal('job'), step: z.enum(NODE_STEPS), node: z.string(), job: z.string() }),
  z.object({ do: z.literal('stop-job'), job: z.string() }),
  /** Tells the people whose desktops are there that they are about to move. */
  z.object({ do: z.literal('warn'), node: z.string() }),
  z.object({ do: z.literal('cordon'), node: z.string() }),
  /** Only what an operation of ours made unschedulable. */
  z.object({ do: z.literal('uncordon'), node: z.string() }),
  /** By the eviction API, so that budgets are kept. */
  z.object({ do: z.literal('evict'), node: z.string(), pods: z.array(z.string()) }),
  /** Takes the label of masters and their taint off, so that the door leaves and nobody calls its API server. */
  z.object({ do: z.literal('unmark'), node: z.string() }),
  z.object({ do: z.literal('move-leader'), from: z.string(), to: z.string() }),
  z.object({ do: z.literal('remove-member'), member: z.string(), pc: z.string() }),
  /** Only the Node of that uid. */
  z.object({ do: z.literal('delete-node'), node: z.string(), uid: z.string() }),
  /** What PCs could join by, of these operations. */
  z.object({ do: z.literal('delete-secrets'), operations: z.array(z.string()) }),
])
export type Effect = Readonly<z.infer<typeof Effect>>
