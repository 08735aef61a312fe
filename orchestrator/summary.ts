import type { Facts } from './facts.ts'
import type { State } from './state.ts'
import { isHealthy, mastersOf, membersOf, type View } from './view.ts'

/** The Guard's status as people read it, by `kubectl get` and on pages: what is remembered, said in a few words. Pure. */
export interface Summary {
  /** Masters that are well, of those that are wanted: `2/3`. */
  readonly masters: string
  /** Of the operation that goes on: its id, phase, who leaves and who follows. Empty where there is none. */
  readonly operation: string
  readonly phase: string
  readonly leaving: string
  readonly heir: string
  /** When the newest backup was proven, RFC 3339; left out where there is none. */
  readonly backupAt?: string
  /** When the orchestrator looked last, RFC 3339. */
  readonly lookedAt: string
  /** What keeps it from going on, or what is wrong; empty where all is well. */
  readonly message: string
  /** When the certificate of each master's API server ends, RFC 3339, by the PC. kubeadm's others on it end with it. */
  readonly certificates: Readonly<Record<string, string>>
  readonly halted: string
}

/**
 * @param certificates when that of each master's API server ends, in ms since 1970
 * @param inTheWay what the run found in the way of the last effect that it was to do
 */
export function summaryOf(
  view: View,
  certificates: Readonly<Record<string, number>>,
  inTheWay?: string,
): Summary {
  const { facts, state } = view
  const { operation } = state
  return {
    masters: `${wellMasters(view).length}/${state.size.wanted}`,
    operation: operation?.id ?? '',
    phase: operation?.phase ?? '',
    leaving: operation?.leaving.map(({ name }) => name).join(', ') ?? '',
    heir: operation?.heir?.name ?? '',
    ...(facts.backup === undefined ? {} : { backupAt: new Date(facts.backup.at).toISOString() }),
    lookedAt: new Date(state.at).toISOString(),
    message: messageOf(facts, state, inTheWay),
    certificates: Object.fromEntries(
      Object.entries(certificates).map(([pc, end]) => [pc, new Date(end).toISOString()]),
    ),
    halted: facts.orders.halt ?? state.halted?.why ?? '',
  }
}

/** Masters whose etcd counts, whose API server is ready, and of which nothing is known to be wrong. */
const wellMasters = (view: View): readonly string[] =>
  mastersOf(view).filter(
    (name) =>
      view.state.sick[name] === undefined &&
      membersOf(view).some((member) => member.pc === name && isHealthy(member)),
  )

function messageOf(
  { etcd }: Facts,
  { operation, waiting, suggestion, sick, storm }: State,
  inTheWay: string | undefined,
): string {
  if (operation !== undefined) return inTheWay ?? operation.waiting ?? operation.failed ?? ''
  if (waiting !== undefined) return waiting
  if (suggestion !== undefined) return `would do: ${suggestion}`
  if (etcd === 'unread') return 'the members of etcd could not be read'
  if (storm !== '') return `storm: ${storm}`
  return Object.entries(sick)
    .map(([name, { as }]) => `${name}: ${as}`)
    .join('; ')
}
