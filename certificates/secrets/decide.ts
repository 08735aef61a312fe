import type { Creation, Fault, Observed } from './facts.ts'
import { PLACES, type Wanted, type WantedPlace } from './wanted.ts'

/** What to make, and what is wrong. Passwords that exist on one side are brought to the other. */
export function decide(observed: Observed): { create: Creation[]; faults: Fault[] } {
  const { adminPassword, replicaPassword, readerPassword, readerPasswordCopy } = observed
  const create: Creation[] = []
  if (adminPassword === undefined) create.push({ kind: 'password', wanted: 'adminPassword' })
  if (replicaPassword === undefined) create.push({ kind: 'password', wanted: 'replicaPassword' })
  if (readerPassword === undefined && readerPasswordCopy === undefined) {
    create.push({ kind: 'password', wanted: 'readerPassword' })
  } else if (readerPassword === undefined) {
    create.push({ kind: 'copy', wanted: 'readerPassword', data: { ...readerPasswordCopy } })
  } else if (readerPasswordCopy === undefined) {
    create.push({ kind: 'copy', wanted: 'readerPasswordCopy', data: { ...readerPassword } })
  }
  for (const wanted of FILLED_BY_OTHERS)
    if (observed[wanted] === undefined) create.push({ kind: 'empty', wanted })
  const passwords = { adminPassword, replicaPassword, readerPassword, readerPasswordCopy }
  const faults = (['adminPassword', 'replicaPassword', 'readerPassword', 'readerPasswordCopy'] as const)
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

const FILLED_BY_OTHERS = ['sessionKeys', 'endedSessions', 'failedLogins', 'lockedPeople'] as const

const name = ({ namespace, name: own }: WantedPlace): string => `${namespace}/${own}`

function fault(wanted: Wanted, rule: string, then: string): Fault {
  const place = PLACES[wanted]
  const mend = `remove it with \`kubectl -n ${place.namespace} delete ${place.kind.toLowerCase()} ${place.name}\` and run this Job again: ${then}`
  return { place, rule, mend }
}
