import { authorityFault, type Pair } from '../authority.ts'
import type { Place } from '../hold.ts'
import { judgeLeaf } from '../leaf.ts'
import { CALLED_NAMES, PLACES, type Wanted } from './wanted.ts'

/** What stands at each place now: the values by key, decoded; a place that is absent is empty. */
export type Observed = Readonly<Partial<Record<Wanted, Readonly<Record<string, string>>>>>

/** One thing to make. Nothing that exists is ever changed. */
export type Creation =
  | { readonly kind: 'authority' }
  | { readonly kind: 'password'; readonly wanted: Wanted }
  | { readonly kind: 'copy'; readonly wanted: Wanted; readonly data: Readonly<Record<string, string>> }
  | { readonly kind: 'leaf'; readonly authority: Pair }

/** Something that exists and is not what it should be. Only a person knows which side is right. */
export interface Fault {
  readonly place: Place
  readonly rule: string
  readonly mend: string
}

/**
 * What to make next, and what is wrong. Passwords that exist on one side are brought to the other; what needs the
 * authority waits until it is there, so this is asked again after each round of making.
 */
export function decide(observed: Observed, now: Date): { create: Creation[]; faults: Fault[] } {
  const rounds = [passwords(observed), authorityAndWhatItSigned(observed, now)]
  return {
    create: rounds.flatMap((round) => round.create),
    faults: rounds.flatMap((round) => round.faults),
  }
}

interface Round {
  readonly create: Creation[]
  readonly faults: Fault[]
}

function passwords({ adminPassword, readerPassword, readerPasswordCopy }: Observed): Round {
  const create: Creation[] = []
  if (adminPassword === undefined) create.push({ kind: 'password', wanted: 'adminPassword' })
  if (readerPassword === undefined && readerPasswordCopy === undefined) {
    create.push({ kind: 'password', wanted: 'readerPassword' })
  } else if (readerPassword === undefined) {
    create.push({ kind: 'copy', wanted: 'readerPassword', data: { ...readerPasswordCopy } })
  } else if (readerPasswordCopy === undefined) {
    create.push({ kind: 'copy', wanted: 'readerPasswordCopy', data: { ...readerPassword } })
  }
  const passwords = { adminPassword, readerPassword, readerPasswordCopy }
  const faults = (['adminPassword', 'readerPassword', 'readerPasswordCopy'] as const)
    .filter((wanted) => passwords[wanted] !== undefined && !passwords[wanted].password)
    .map((wanted) => fault(wanted, 'it holds no password', 'a new one is made'))
  const both = readerPassword !== undefined && readerPasswordCopy !== undefined
  if (both && readerPassword.password !== readerPasswordCopy.password) {
    faults.push(
      fault('readerPasswordCopy', `it differs from ${name(PLACES.readerPassword)}`, 'it is copied anew'),
    )
  }
  return { create, faults }
}

function authorityAndWhatItSigned(observed: Observed, now: Date): Round {
  if (observed.authority === undefined) return { create: [{ kind: 'authority' }], faults: [] }
  const authority = pairOf(observed.authority)
  const damage = authorityFault(authority, now)
  // What a damaged authority signed cannot be judged, and nothing may be signed by it.
  if (damage) return { create: [], faults: [fault('authority', damage, RESTORE)] }
  const create: Creation[] = []
  const faults: Fault[] = []
  const { trust, directoryLeaf } = observed
  if (trust === undefined) {
    create.push({ kind: 'copy', wanted: 'trust', data: { 'ca.crt': authority.certificate } })
  } else if (trust['ca.crt'] !== authority.certificate) {
    faults.push(
      fault('trust', `its ca.crt is not the certificate in ${name(PLACES.authority)}`, 'it is copied anew'),
    )
  }
  if (directoryLeaf === undefined) {
    create.push({ kind: 'leaf', authority })
  } else {
    const judged = judgeLeaf(pairOf(directoryLeaf), authority, CALLED_NAMES, now)
    if (judged.state !== 'good') faults.push(fault('directoryLeaf', judged.why, RESTART))
    else if (directoryLeaf['ca.crt'] !== authority.certificate)
      faults.push(
        fault('directoryLeaf', `its ca.crt is not the certificate in ${name(PLACES.authority)}`, RESTART),
      )
  }
  return { create, faults }
}

const RESTART = `a new one is made; then \`kubectl -n ${PLACES.directoryLeaf.namespace} rollout restart statefulset ldap\``
const RESTORE = 'restore it from a backup instead, if there is one: whatever it signed is trusted no longer'

const name = ({ namespace, name: own }: Place): string => `${namespace}/${own}`

function fault(wanted: Wanted, rule: string, then: string): Fault {
  const place = PLACES[wanted]
  const kind = wanted === 'trust' ? 'configmap' : 'secret'
  const mend = `remove it with \`kubectl -n ${place.namespace} delete ${kind} ${place.name}\` and run this Job again: ${then}`
  return { place, rule, mend }
}

const pairOf = (data: Readonly<Record<string, string>>): Pair => ({
  certificate: data['tls.crt'] ?? '',
  key: data['tls.key'] ?? '',
})
