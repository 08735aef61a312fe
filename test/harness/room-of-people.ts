import { apply } from '../../directory/changes.ts'
import { addGroup } from '../../directory/groups.ts'
import { addPerson, removePerson, setLock, setPassword } from '../../directory/people.ts'
import { BASE, directoryOf, type OwnSlapd } from './slapd.ts'

export const PASSWORDS = { ada: 'correct horse battery', bob: 'another horse battery' } as const

/**
 * A directory with a bit of everything: people with and without a second password, one that is locked, one that is gone,
 * a picture, a group of an administrator's own, a policy that was changed.
 */
export async function peopleIn({ ldap }: OwnSlapd): Promise<void> {
  const directory = directoryOf(ldap, 'admin')
  try {
    const person = (login: string, name: string, password: string) => ({
      login,
      name,
      groups: [],
      shell: '/bin/bash',
      password,
    })
    await addGroup(directory, 'designers')
    await addPerson(directory, {
      ...person('ada', 'Ada Łovelace', PASSWORDS.ada),
      groups: ['administrators', 'designers'],
    })
    await addPerson(directory, person('bob', 'Bob', 'the first horse of bob'))
    await setPassword(directory, 'bob', PASSWORDS.bob)
    await addPerson(directory, person('carl', 'Carl', 'a horse that is locked'))
    await setLock(directory, 'carl', true)
    await addPerson(directory, person('dora', 'Dora', 'a horse that has left'))
    await removePerson(directory, 'dora')
    await directory.use('preparing', async (client) => {
      const edit = (dn: string, attribute: string, ...values: string[]) =>
        apply(client, { kind: 'modify', dn, edits: [{ operation: 'replace', attribute, values }] })
      await edit(`cn=default,ou=policies,${BASE}`, 'pwdMinLength', '14')
      await edit(`uid=ada,ou=people,${BASE}`, 'description', ' begins with a space', 'Zeile\nzwei')
    })
  } finally {
    await directory.close()
  }
}
