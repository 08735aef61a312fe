import type { Identity } from '../config/identity.ts'
import { PERSON } from '../config/labels.ts'
import type { Lock } from '../config/lock.ts'
import { LOCKED_PEOPLE, NAMESPACES } from '../config/names.ts'
import { minuteOf, type Staleness } from '../config/staleness.ts'
import { belongingsOf } from '../desktop/belongings.ts'
import { conflictMessage } from './conflict.ts'
import { equip } from './equip.ts'
import type { Addition } from './patch.ts'
import { EVERY, placed, readPod } from './pod.ts'
import type { Call } from './review.ts'
import { RULES } from './rules.ts'

/** Who is who: an identity by slug, or nothing when nobody is called so. */
export type Lookup = (slug: string) => Identity | undefined

/** Who is locked in the cluster itself, whatever LDAP says. */
export interface Locks {
  of(slug: string, entryUUID: string): Lock | undefined
  /** Whether the list is not there, so that nobody can be told to be free. */
  gone(): boolean
}

/** All that a decision rests on beside the pod. */
export interface Known {
  readonly lookup: Lookup
  readonly locks: Locks
  /** How it stands with the directory now. */
  readonly staleness: () => Staleness
}

export type Decision = Patched | Untouched | Refused

/** The pod gets what it lacks. */
export interface Patched {
  readonly result: 'patched'
  readonly slug: string
  readonly uid: number
  readonly additions: readonly Addition[]
  /** For whoever creates the pod. */
  readonly warning?: string
}

/** The pod has everything already. */
export interface Untouched {
  readonly result: 'untouched'
  readonly slug: string
  readonly uid: number
  readonly warning?: string
}

export interface Refused {
  readonly result: 'refused'
  readonly why:
    | 'unsupported'
    | 'misshapen'
    | 'unlabelled'
    | 'unknown'
    | 'locked'
    | 'blind'
    | 'stale'
    | 'unfit'
    | 'conflict'
  readonly code: 400 | 403 | 422 | 503
  /** For people: what, where, the mend. May have several lines. */
  readonly message: string
  readonly slug?: string
  readonly uid?: number
}

/** Judges the creation of a pod. Pure: no clock, no chance, no side effect, so a dry run is as any other. */
export function decide(call: Call, { lookup, locks, staleness }: Known): Decision {
  const foreign = unsupported(call)
  if (foreign) return refused('unsupported', 400, foreign)
  const read = readPod(call.object)
  if ('fault' in read)
    return refused('misshapen', 400, `This is not a pod as Kubernetes knows it: ${read.fault}.`)
  const { pod } = read
  const slug = pod.metadata.labels?.[PERSON]
  if (!slug) return refused('unlabelled', 403, UNLABELLED)
  const identity = lookup(slug)
  if (!identity) return refused('unknown', 403, unknown(slug), { slug })
  const { uid } = identity.spec
  if (identity.spec.locked) return refused('locked', 403, locked(slug), { slug, uid })
  const lock = locks.of(slug, identity.spec.entryUUID)
  if (lock) return refused('locked', 403, lockedHere(slug, lock), { slug, uid })
  if (locks.gone()) return refused('blind', 503, LIST_GONE, { slug, uid })
  const { state, checked } = staleness()
  if (state === 'stale') return refused('stale', 503, stale(minuteOf(checked)), { slug, uid })
  const given = belongingsOf(identity)
  if ('unfit' in given) {
    const message = `No pod can run as ${slug}: ${given.unfit.reason}. To mend it, ${given.unfit.mend}.`
    return refused('unfit', 403, message, { slug, uid })
  }
  const own = given.belongings
  const containers = placed(pod, EVERY)
  const conflicts = RULES.flatMap((rule) => rule({ pod, spec: read.spec, containers, own }))
  if (conflicts.length > 0) return refused('conflict', 422, conflictMessage(slug, conflicts), { slug, uid })
  const additions = equip(pod, own)
  const warned = state === 'ageing' ? { warning: ageing(minuteOf(checked)) } : {}
  return additions.length > 0
    ? { result: 'patched', slug, uid, additions, ...warned }
    : { result: 'untouched', slug, uid, ...warned }
}

function refused(
  why: Refused['why'],
  code: Refused['code'],
  message: string,
  who: { slug?: string; uid?: number } = {},
): Refused {
  return { result: 'refused', why, code, message, ...who }
}

/** The webhook configuration decides what comes here; anything else must not pass unseen. */
function unsupported({ operation, resource, subResource, namespace }: Call): string | undefined {
  const what = [resource.resource, subResource].filter(Boolean).join('/')
  const inCore = resource.group === '' && resource.version === 'v1'
  if (operation === 'CREATE' && inCore && what === 'pods' && namespace) return undefined
  return (
    `The webhook judges the creation of pods in a namespace, not ${operation} of ` +
    `${what}.${resource.version}.${resource.group || 'core'}${namespace ? '' : ' outside any namespace'}: ` +
    'its MutatingWebhookConfiguration sends too much; restore it from the rendered one.'
  )
}

const LABEL = `metadata.labels["${PERSON}"]`

const UNLABELLED =
  `This pod says not whose it is: ${LABEL} is missing. Set it to the name of a person ` +
  '(`npx deskfleet people list` shows them); in a workload it belongs into spec.template.metadata.labels.'

const locked = (slug: string): string =>
  `No pod can run as ${slug}: an administrator locked the account. ` +
  'To open it again, run `npx deskfleet people unlock`.'

const lockedHere = (slug: string, { since, reason }: Lock): string =>
  `No pod can run as ${slug}: an administrator locked the account in the cluster${since && ` at ${since}`}` +
  `${reason && ` (${reason})`}. To open it again, run \`npx deskfleet people unlock\`.`

const LIST_GONE =
  `No pod of a person starts now: the ConfigMap ${NAMESPACES.system}/${LOCKED_PEOPLE}, which says who is locked, is gone. ` +
  'Run the Job make-secrets again (docs/secrets.md, "Run it again"), then lock again whoever must be: `npx deskfleet people lock`.'

const SEE_THE_SYNC = 'see whether LDAP answers, and the log of the identity sync'

const ageing = (checked: string): string =>
  `identities are as the directory had them at ${checked}: ${SEE_THE_SYNC}`

const stale = (checked: string): string =>
  `No pod of a person starts now: identities are stale, as the directory had them at ${checked}, which is longer ago than ` +
  `\`admission.maxStale\` allows; who was locked or removed since is not known. Mend it: ${SEE_THE_SYNC} ` +
  '(`kubectl -n deskfleet-system logs deployment/identity-sync`). Until then, `npx deskfleet people lock` locks without LDAP.'

const unknown = (slug: string): string =>
  `Nobody called ${JSON.stringify(slug.slice(0, 64))} is known to the cluster yet (${LABEL}). Check the name with ` +
  '`npx deskfleet people show`; somebody just added is known after a few seconds, so wait a little and try again.'
