import { addPerson } from '../../directory/people.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { published } from '../harness/platform.ts'
import { directoryOf } from '../harness/slapd.ts'

export const PASSWORD = 'correct horse battery'

/** Somebody in the lab's real directory, known to the cluster, with the password above. */
export async function person(
  lab: BareLab,
  login: string,
  groups: readonly string[] = [],
  name = 'Ada Lovelace',
): Promise<void> {
  if (!lab.ldap) throw new Error('the lab has no LDAP')
  const directory = directoryOf(lab.ldap, 'admin')
  try {
    await addPerson(directory, { login, name, groups, shell: '/bin/bash', password: PASSWORD }).catch(
      // A lab that is used again has them already, with that password.
      (error: Error) => {
        if (!/already somebody/.test(error.message)) throw error
      },
    )
  } finally {
    await directory.close()
  }
  await published(lab, login)
}
