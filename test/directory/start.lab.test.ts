import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { slapdFiles } from '../../charts/slapd.ts'
import { addPerson } from '../../directory/people.ts'
import { readAccounts } from '../../directory/search.ts'
import { BASE, directoryOf, ownSlapd } from './own-slapd.ts'

test('the files hold no password and are the same every time', (t) => {
  const options = { baseDN: BASE, organization: 'Zürich' }
  const files = slapdFiles(options)
  t.deepEqual(slapdFiles(options), files)
  for (const name of ['config.ldif', 'seed.ldif', 'admin.ldif', 'reader.ldif']) {
    t.notRegex(files[name] ?? '', /userPassword:|olcRootPW|credentials=/i, name)
  }
  t.throws(() => slapdFiles({ ...options, baseDN: 'dc=a b' }), { message: /suffix/ })
})

test('a seeding that was cut short is done again; people survive restarts; a new password is taken up', async (t) => {
  const slapd = await ownSlapd()
  try {
    await slapd.stop()
    const data = join(slapd.dir, 'ldap', 'data')
    renameSync(join(data, 'db'), join(slapd.dir, 'old'))
    mkdirSync(join(data, 'db.new'))
    writeFileSync(join(data, 'db.new', 'data.mdb'), 'half')
    await slapd.start()
    const first = directoryOf(slapd.ldap, 'admin')
    const person = {
      login: 'ada',
      name: 'Ada',
      groups: [],
      shell: '/bin/bash',
      password: 'correct horse battery',
    }
    await addPerson(first, person)
    await first.close()
    await slapd.stop()
    writeFileSync(slapd.ldap.adminPasswordFile, `${readFileSync(slapd.ldap.adminPasswordFile, 'utf8')}-new\n`)
    await slapd.start()
    const second = directoryOf({ ...slapd.ldap }, 'reader')
    t.is((await readAccounts(second)).length, 1)
    await second.close()
    writeFileSync(slapd.ldap.adminPasswordFile, readFileSync(slapd.ldap.adminPasswordFile, 'utf8').trim())
    const third = directoryOf(slapd.ldap, 'admin')
    await t.notThrowsAsync(readAccounts(third))
    await third.close()
  } finally {
    await slapd.down()
  }
})
