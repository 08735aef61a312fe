import type { IdentityGroup } from '../config/identity.ts'
import { slugOf } from '../config/names.ts'
import { finish, type Steps } from '../service/steps.ts'
import { type DirectoryFinding, type FindingReason, finding } from './findings.ts'
import { type Group, normalDN } from './group.ts'
import type { Account, Person } from './person.ts'

/** Everybody who may have a desktop, and by name everybody who may not. */
export interface Roll {
  readonly people: readonly Person[]
  readonly findings: readonly DirectoryFinding[]
}

/** What no two people may share: a shared one is refused to all of them, since nobody can say whose it is. */
const UNIQUE: readonly (readonly [FindingReason, string, (account: Account) => string | number])[] = [
  ['UidShared', 'uidNumber', (account) => account.uid],
  ['LoginShared', 'login', (account) => account.login],
  ['SlugShared', 'name in the cluster', (account) => slugOf(account.login)],
]

/**
 * Compares all accounts with each other and puts the groups to them. Locked accounts are among them and
 * marked, for what they have stays theirs. People come sorted by slug, their groups by gid.
 */
export const callRoll = (accounts: readonly Account[], groups: readonly Group[]): Roll =>
  finish(callRollInSteps(accounts, groups))

/** The same in steps, for who has others to answer meanwhile. */
export function* callRollInSteps(accounts: readonly Account[], groups: readonly Group[]): Steps<Roll> {
  const findings = new Map<string, DirectoryFinding>()
  for (const [reason, what, of] of UNIQUE) {
    const holders = new Map<string | number, Account[]>()
    for (const account of accounts) {
      const key = of(account)
      const others = holders.get(key)
      if (others) others.push(account)
      else holders.set(key, [account])
      yield
    }
    const shared = [...holders].filter(([, some]) => some.length > 1)
    for (const [value, some] of shared) {
      for (const one of some) {
        const others = some.filter((other) => other !== one).map((other) => other.dn)
        // The first reason found is enough: a shared login is a shared slug as well.
        if (findings.has(one.dn)) continue
        findings.set(
          one.dn,
          finding(reason, one.login, `${what} ${value} is also that of ${others.join(' and ')}`),
        )
      }
    }
  }
  const membership = yield* indexMembers(groups)
  const people: Person[] = []
  for (const account of accounts) {
    if (!findings.has(account.dn)) people.push(personOf(account, membership))
    yield
  }
  people.sort((a, b) => (a.slug < b.slug ? -1 : 1))
  yield
  return { people, findings: [...findings.values()] }
}

interface Membership {
  readonly byDN: ReadonlyMap<string, readonly Group[]>
  readonly byLogin: ReadonlyMap<string, readonly Group[]>
  readonly byGid: ReadonlyMap<number, readonly Group[]>
}

function* indexMembers(groups: readonly Group[]): Steps<Membership> {
  const byDN = new Map<string, Group[]>()
  const byLogin = new Map<string, Group[]>()
  const byGid = new Map<number, Group[]>()
  const list = <K>(index: Map<K, Group[]>, key: K, group: Group): void => {
    const listed = index.get(key)
    if (listed) listed.push(group)
    else index.set(key, [group])
  }
  for (const group of groups) {
    for (const dn of group.members) list(byDN, dn, group)
    for (const login of group.logins) list(byLogin, login, group)
    list(byGid, group.gid, group)
    yield
  }
  return { byDN, byLogin, byGid }
}

function personOf(account: Account, membership: Membership): Person {
  const { login, uid, gid, shell, entryUUID, passwordSet, locked } = account
  const found = [
    ...(membership.byDN.get(normalDN(account.dn)) ?? []),
    ...(membership.byLogin.get(login) ?? []),
    ...(membership.byGid.get(gid) ?? []),
  ]
  const groups: IdentityGroup[] = [...new Set(found)]
    .map(({ name, gid }) => ({ name, gid }))
    .sort((a, b) => a.gid - b.gid || (a.name < b.name ? -1 : 1))
  return {
    slug: slugOf(login),
    name: account.name,
    dn: account.dn,
    spec: {
      ...{ login, uid, gid, groups, home: `/home/${login}`, shell, entryUUID },
      ...(passwordSet === undefined ? {} : { passwordSet }),
      ...(locked ? { locked: true as const } : {}),
    },
  }
}
