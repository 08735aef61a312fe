import { apply } from '../directory/changes.ts'
import { groupsDN, peopleDN } from '../directory/search.ts'
import type { BareLab } from '../lab/bare/bare.ts'
import { directoryOf } from '../test/harness/slapd.ts'
import { manyPeople } from './webhook-people.ts'

/** People in the lab's LDAP as {@link manyPeople} has them, groups and all, without passwords. */
export async function fillDirectory(lab: BareLab, count: number): Promise<void> {
  if (!lab.ldap) throw new Error('the lab has no LDAP')
  const people = [...manyPeople(count).values()].map(({ spec }) => spec)
  const directory = directoryOf(lab.ldap, 'admin')
  const { baseDN } = directory
  const dnOf = (login: string) => `uid=${login},${peopleDN(baseDN)}`
  try {
    await directory.use('adding everybody', async (client) => {
      for (let from = 0; from < people.length; from += 50) {
        const some = people.slice(from, from + 50)
        const added = some.map(({ login, uid, gid, home, shell }) => {
          const objectClass = ['inetOrgPerson', 'posixAccount']
          const names = { uid: [login], cn: [login], sn: [login] }
          const numbers = { uidNumber: [`${uid}`], gidNumber: [`${gid}`] }
          const places = { homeDirectory: [home], loginShell: [shell] }
          const attributes = { objectClass, ...names, ...numbers, ...places }
          return apply(client, { kind: 'add', dn: dnOf(login), attributes })
        })
        await Promise.all(added)
      }
      const groups = Map.groupBy(
        people.flatMap(({ login, groups }) => groups.map((group) => ({ login, group }))),
        ({ group }) => group.name,
      )
      for (const [name, members] of groups) {
        const objectClass = ['groupOfNames', 'posixGroup']
        // Beside those that the room has from the start.
        const gidNumber = [`${20_000 + (members[0]?.group.gid ?? 0)}`]
        const member = members.map(({ login }) => dnOf(login))
        const attributes = { objectClass, cn: [name], gidNumber, member }
        await apply(client, { kind: 'add', dn: `cn=${name},${groupsDN(baseDN)}`, attributes })
      }
    })
  } finally {
    await directory.close()
  }
}
