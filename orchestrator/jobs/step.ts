/** What a node job can be asked for: the steps of `orchestrator/host/deskfleet-crown`, each with what it takes. */

interface Shape {
  /** Seconds after which it is given up, pods that never started included. */
  readonly patience: number
  /** A pattern of the one argument that it takes. */
  readonly argument?: string
  /** Whether it is given a plan: a Secret whose files it reads. */
  readonly plan?: true
}

export const STEPS = {
  /** Tells what the PC is. */
  facts: { patience: 60 },
  /** Tells whether another PC answers, at its address. */
  reach: { patience: 60, argument: '^[0-9a-fA-F.:]{2,45}$' },
  /** Tells whether a worker can become a master. */
  preflight: { patience: 120, plan: true },
  /** Boots the PC, if its boot is still the one that is named. */
  reboot: { patience: 60, argument: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' },
  /** Lays the cluster's certificates, encrypted, where one who joins takes them. */
  mint: { patience: 120, plan: true },
  /** Makes a worker a master in place. kubeadm alone waits for four minutes. */
  join: { patience: 420, plan: true },
  /** Ends the API server of a master, the controllers and the scheduler. */
  'stop-api': { patience: 120 },
  /** Makes a master that etcd does not count any more a worker. */
  demote: { patience: 180 },
} as const satisfies Readonly<Record<string, Shape>>

export type StepName = keyof typeof STEPS
type Named<Having> = { [Name in StepName]: (typeof STEPS)[Name] extends Having ? Name : never }[StepName]
/** Steps that take a plan, and those that take an argument. */
export type PlanStep = Named<{ plan: true }>
export type ArgumentStep = Named<{ argument: string }>

export type Step =
  | { readonly name: PlanStep; readonly secret: string }
  | { readonly name: ArgumentStep; readonly argument: string }
  | { readonly name: Exclude<StepName, PlanStep | ArgumentStep> }
