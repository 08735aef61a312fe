import { apply, type Change } from './changes.ts'
import { asWritten, type Confirm } from './confirm.ts'
import type { Directory } from './directory.ts'
import { DirectoryError } from './errors.ts'
import { GROUP_NAME, type Group, normalDN, POWERFUL } from './group.ts'
import { moveCounter, peekNumber, takeFreeNumber } from './numbers.ts'
import { findAccount, findGroup, groupsDN } from './search.ts'

const groupDN = (baseDN: string, name: string): string => `cn=${name},${groupsDN(baseDN)}`

/** A groupOfNames may not be empty: this one, whom no entry is, is in each. */
const nobody = (baseDN: string): string => `cn=nobody,${baseDN}`

export const addMember = (baseDN: string, group: string, dn: string): Change => ({
  kind: 'modify',
  dn: groupDN(baseDN, group),
  edits: [{ operation: 'add', attribute: 'member', values: [dn] }],
})

/** What would be written, and nothing is. */
export async function planGroup(directory: Directory, name: string): Promise<Change[]> {
  await check(directory, name)
  const gid = await directory.use(`planning ${name}`, (client) => peekNumber(client, directory.baseDN, 'gid'))
  return [moveCounter(directory.baseDN, 'gid', gid, gid + 1), entryOf(directory.baseDN, name, gid)]
}

/** Adds a group without members, its gid known to a second server first, as for people. @returns its gid */
export async function addGroup(
  directory: Directory,
  name: string,
  confirm: Confirm = asWritten,
): Promise<number> {
  await check(directory, name)
  return await directory.use(`adding the group ${name}`, async (client) => {
    const gid = await takeFreeNumber(client, directory.baseDN, 'gid')
    await confirm(`no group was added: the gid ${gid} is taken`)
    await apply(client, entryOf(directory.baseDN, name, gid))
    return gid
  })
}

/** The one change that makes these logins members and those not; undefined when it is so already. */
export async function planMembers(
  directory: Directory,
  name: string,
  logins: { readonly add: readonly string[]; readonly remove: readonly string[] },
): Promise<Change | undefined> {
  const both = logins.add.filter((login) => logins.remove.includes(login))
  if (both.length > 0) {
    const what = `${both.join(', ')} cannot be added and removed at once`
    throw new DirectoryError('policyRefused', what, 'say one of the two')
  }
  const group = await mustBeGroup(directory, name)
  const adding = (await dnsOf(directory, logins.add)).filter((dn) => !group.members.has(normalDN(dn)))
  const removing = (await dnsOf(directory, logins.remove)).filter((dn) => group.members.has(normalDN(dn)))
  const edits = [
    { operation: 'add' as const, attribute: 'member', values: adding },
    { operation: 'delete' as const, attribute: 'member', values: removing },
  ].filter((edit) => edit.values.length > 0)
  return edits.length > 0 ? { kind: 'modify', dn: group.dn, edits } : undefined
}

/** @throws DirectoryError when there is no group of that name, or it is unfit. */
export async function mustBeGroup(directory: Directory, name: string): Promise<Group> {
  const found = await findGroup(directory, name)
  const mend = `"deskfleet groups add ${name}" makes it`
  if (!found) throw new DirectoryError('noSuchEntry', `there is no group "${name}"`, mend)
  if ('reason' in found) throw new DirectoryError('policyRefused', found.message, 'mend the group first')
  return found
}

async function check(directory: Directory, name: string): Promise<void> {
  if (!GROUP_NAME.test(name) || POWERFUL.has(name.toLowerCase())) {
    const mend = 'take letters, digits, "_", "-", "." and no name that rules machines, as docker or wheel'
    throw new DirectoryError('policyRefused', `"${name}" cannot be a group's name`, mend)
  }
  if (await findGroup(directory, name))
    throw new DirectoryError('alreadyThere', `there is already a group "${name}"`)
}

function entryOf(baseDN: string, name: string, gid: number): Change {
  const objectClass = ['groupOfNames', 'posixGroup']
  const attributes = { objectClass, cn: [name], gidNumber: [String(gid)], member: [nobody(baseDN)] }
  return { kind: 'add', dn: groupDN(baseDN, name), attributes }
}

async function dnsOf(directory: Directory, logins: readonly string[]): Promise<string[]> {
  const dns: string[] = []
  for (const login of new Set(logins)) {
    const found = await findAccount(directory, login)
    if (!found || 'reason' in found) throw new DirectoryError('noSuchEntry', `there is no person "${login}"`)
    dns.push(found.dn)
  }
  return dns
}
