import { type CustomObjectsApi, PatchStrategy, setHeaderOptions, type V1Node } from '@kubernetes/client-node'
import type { ClusterOptions } from '../../cli/cluster.ts'
import { UsageError } from '../../cli/errors.ts'
import type { DryRunOptions } from '../../cli/options.ts'
import type { Terminal } from '../../cli/terminal.ts'
import { GUARD, mastersTold } from '../../cluster/control-plane-guard.ts'
import { HALT, NEVER_MASTER, PAUSE, RESUMED } from '../../config/labels.ts'
import { FIELD_MANAGERS } from '../../config/names.ts'
import { openRoom } from './room.ts'

/** What an administrator asks of the orchestrator: annotations of the Guard, and a label of Nodes. */

const MERGE = setHeaderOptions('Content-Type', PatchStrategy.MergePatch)
const fieldManager = FIELD_MANAGERS.command

/** Writes orders; null takes one back. */
export const order = (
  custom: CustomObjectsApi,
  annotations: Readonly<Record<string, string | null>>,
): Promise<unknown> =>
  custom.patchClusterCustomObject({ ...GUARD, body: { metadata: { annotations } }, fieldManager }, MERGE)

export interface OrderOptions extends ClusterOptions, DryRunOptions {}
export interface ReasonOptions extends OrderOptions {
  readonly reason: string
}

const reasonIn = ({ reason }: ReasonOptions): string => {
  if (reason.trim() === '') throw new UsageError('a reason must say something: whoever comes next reads it')
  return reason.trim()
}

export async function halt(terminal: Terminal, options: ReasonOptions): Promise<void> {
  const reason = reasonIn(options)
  const { custom, guard } = await openRoom(options.kubeconfig)
  const { operation } = guard
  const rest = operation === undefined ? '' : `; ${operation.id} stays where it is, in ${operation.phase}`
  if (options.dryRun) {
    terminal.stdout.write(`nothing would be done for masters any more${rest} (dry run)\n`)
    return
  }
  await order(custom, { [HALT]: reason })
  terminal.stdout.write(`halted: nothing is done for masters until "deskfleet masters resume"${rest}\n`)
}

export async function resume(terminal: Terminal, { kubeconfig, dryRun }: OrderOptions): Promise<void> {
  const { custom, guard } = await openRoom(kubeconfig)
  const { orders, halted, operation } = guard
  const why = orders.halt ?? halted?.why
  if (why === undefined) {
    terminal.stdout.write('it is not halted: nothing to resume\n')
    return
  }
  const rest = operation === undefined ? '' : `, with ${operation.id} in ${operation.phase}`
  if (dryRun) {
    terminal.stdout.write(`it would go on${rest}, after: ${why} (dry run)\n`)
    return
  }
  // Later than the halt by the orchestrator's clock as well, whatever the clock here says.
  const at = new Date(Math.max(Date.now(), (halted?.since ?? 0) + 1_000))
  await order(custom, { [HALT]: null, [RESUMED]: at.toISOString() })
  terminal.stdout.write(`it goes on${rest}; it was halted: ${why}\n`)
  if (orders.pause !== undefined)
    terminal.stdout.write(`nothing new is begun before "deskfleet masters unpause": ${orders.pause}\n`)
}

export async function pause(terminal: Terminal, options: ReasonOptions): Promise<void> {
  const reason = reasonIn(options)
  const { custom, guard } = await openRoom(options.kubeconfig)
  const rest = guard.operation === undefined ? '' : `; ${guard.operation.id} is finished first`
  if (options.dryRun) {
    terminal.stdout.write(`nothing new would be begun${rest} (dry run)\n`)
    return
  }
  await order(custom, { [PAUSE]: reason })
  terminal.stdout.write(`paused: nothing new is begun until "deskfleet masters unpause"${rest}\n`)
}

export async function unpause(terminal: Terminal, { kubeconfig, dryRun }: OrderOptions): Promise<void> {
  const { custom, guard } = await openRoom(kubeconfig)
  const why = guard.orders.pause
  if (why === undefined) {
    terminal.stdout.write('it is not paused: nothing to take back\n')
    return
  }
  if (dryRun) {
    terminal.stdout.write(`operations would be begun again, after: ${why} (dry run)\n`)
    return
  }
  await order(custom, { [PAUSE]: null })
  terminal.stdout.write(`operations are begun again; it was paused: ${why}\n`)
}

/** Whether a PC may ever be a master. One that is one stays so. */
export async function setNever(
  terminal: Terminal,
  pc: string,
  never: boolean,
  { kubeconfig, dryRun }: OrderOptions,
): Promise<void> {
  const { core, guard } = await openRoom(kubeconfig)
  const { items: nodes } = await core.listNode()
  mustBeKnown(nodes, pc)
  const isMaster = mastersTold(guard, nodes).some((one) => one.pc === pc && one.way !== 'coming')
  const rest = never && isMaster ? `; it is one, and stays so until "deskfleet masters step-down ${pc}"` : ''
  const what = never ? 'never be made a master' : 'be made a master'
  if (dryRun) {
    terminal.stdout.write(`${pc} would ${never ? what : `be allowed to ${what}`}${rest} (dry run)\n`)
    return
  }
  const body = { metadata: { labels: { [NEVER_MASTER]: never ? 'true' : null } } }
  await core.patchNode({ name: pc, body, fieldManager }, MERGE)
  terminal.stdout.write(`${pc} ${never ? 'will' : 'may'} ${what}${rest}\n`)
}

/** @throws with the names that there are */
function mustBeKnown(nodes: readonly V1Node[], pc: string): void {
  const names = nodes.flatMap(({ metadata }) => metadata?.name ?? [])
  if (names.includes(pc)) return
  throw new Error(
    `no PC of this room is called ${pc}; of these there are: ${names.sort().join(', ') || 'none'}`,
  )
}
