import { type Client, EqualityFilter, PresenceFilter } from 'ldapts'
import { z } from 'zod'
import { FIRST_UID, KERNEL_NUMBERS, LAST_UID } from '../config/names.ts'
import { apply, type Change } from './changes.ts'
import { DirectoryError } from './errors.ts'
import { single } from './person.ts'

/** The numbers that are given out once and never again: one counter entry for each kind. */
export const COUNTERS = {
  uid: { entry: 'cn=next-uid,ou=policies', attribute: 'uidNumber', under: 'ou=people' },
  gid: { entry: 'cn=next-gid,ou=policies', attribute: 'gidNumber', under: 'ou=groups' },
} as const

export type Counter = keyof typeof COUNTERS

const Entry = z.object({ serialNumber: single.pipe(z.string().regex(/^\d{1,10}$/)).transform(Number) })
const TRIES = 20

/** The number that would be given out next. */
export async function peekNumber(client: Client, baseDN: string, kind: Counter): Promise<number> {
  const dn = `${COUNTERS[kind].entry},${baseDN}`
  const { searchEntries } = await client.search(dn, { scope: 'base', attributes: ['serialNumber'] })
  const entry = Entry.safeParse(searchEntries[0])
  if (!entry.success) {
    const mend = `give ${dn} one serialNumber: the next free number`
    throw new DirectoryError('noSuchEntry', `${dn} holds no number to give out`, mend)
  }
  return entry.data.serialNumber
}

/**
 * Takes the next number. Two who ask at once get two numbers: the counter is moved by taking the old value away
 * and putting the new one in its place in one change, which fails when somebody else was first.
 */
async function takeNumber(client: Client, baseDN: string, kind: Counter): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const next = await peekNumber(client, baseDN, kind)
    if (next < FIRST_UID || next > LAST_UID) {
      throw new DirectoryError('policyRefused', `the next number ${next} is not one of a person`)
    }
    if ((await moved(client, baseDN, kind, next, next + 1)) && !KERNEL_NUMBERS.includes(next)) return next
  }
  throw new DirectoryError('superseded', `no number was got in ${TRIES} tries`)
}

/** The same, of numbers that nobody has: where somebody has it although the counter gave it out, the counter lags. */
export async function takeFreeNumber(client: Client, baseDN: string, kind: Counter): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const number = await takeNumber(client, baseDN, kind)
    if (!(await isTaken(client, baseDN, kind, number))) return number
    await catchUp(client, baseDN, kind)
  }
  throw new DirectoryError('superseded', `no free number was got in ${TRIES} tries`)
}

async function isTaken(client: Client, baseDN: string, kind: Counter, number: number): Promise<boolean> {
  const { attribute, under } = COUNTERS[kind]
  const filter = new EqualityFilter({ attribute, value: String(number) })
  const { searchEntries } = await client.search(`${under},${baseDN}`, { filter, attributes: ['1.1'] })
  return searchEntries.length > 0
}

/** Moves the counter past every number in use: in a directory that was filled by other means it may lag behind. */
async function catchUp(client: Client, baseDN: string, kind: Counter): Promise<void> {
  const { attribute, under } = COUNTERS[kind]
  const search = {
    filter: new PresenceFilter({ attribute }),
    attributes: [attribute],
    paged: { pageSize: 500 },
  }
  const { searchEntries } = await client.search(`${under},${baseDN}`, search)
  const used = searchEntries.map((entry) => Number(entry[attribute])).filter((value) => value <= LAST_UID)
  const next = await peekNumber(client, baseDN, kind)
  const free = used.reduce((highest, value) => Math.max(highest, value + 1), next)
  if (free > next) await moved(client, baseDN, kind, next, free)
}

export const moveCounter = (baseDN: string, kind: Counter, from: number, to: number): Change => ({
  kind: 'modify',
  dn: `${COUNTERS[kind].entry},${baseDN}`,
  edits: [
    { operation: 'delete', attribute: 'serialNumber', values: [String(from)] },
    { operation: 'add', attribute: 'serialNumber', values: [String(to)] },
  ],
})

async function moved(
  client: Client,
  baseDN: string,
  kind: Counter,
  from: number,
  to: number,
): Promise<boolean> {
  try {
    await apply(client, moveCounter(baseDN, kind, from, to))
    return true
  } catch (error) {
    if (error instanceof DirectoryError && error.problem === 'superseded') return false
    throw error
  }
}
