import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { SLAPD_LOCK } from '../../charts/slapd/seed.ts'
import { slapdFiles } from '../../charts/slapd.ts'
import { apply } from '../../directory/changes.ts'
import { addPerson } from '../../directory/people.ts'
import { readAccounts } from '../../directory/search.ts'
import { BASE, directoryOf, ownSlapd } from '../harness/slapd.ts'
import { letsIn } from '../harness/slapd-replicas.ts'

test('the files hold no password and are the same every time', (t) => {
  const options = { baseDN: BASE, organization: 'Zürich' }
  const files = slapdFiles(options)
  t.deepEqual(slapdFiles(options), files)
  for (const name of ['config.ldif', 'seed.ldif', 'admin.ldif', 'reader.ldif', 'replica.ldif']) {
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

test('a directory that locked accounts after five tries does so no more; other numbers stay as they are', async (t) => {
  const slapd = await ownSlapd()
  try {
    const dn = `cn=default,ou=policies,${BASE}`
    const set = async (failures: string, duration: string): Promise<unknown> => {
      const directory = directoryOf(slapd.ldap, 'admin')
      const replace = (attribute: string, value: string) =>
        ({ operation: 'replace', attribute, values: [value] }) as const
      const edits = [replace('pwdMaxFailure', failures), replace('pwdLockoutDuration', duration)]
      await directory.use('setting', (client) => apply(client, { kind: 'modify', dn, edits }))
      await directory.close()
      await slapd.stop()
      await slapd.start()
      const again = directoryOf(slapd.ldap, 'admin')
      const { searchEntries } = await again.use('reading', (client) => client.search(dn, { scope: 'base' }))
      await again.close()
      return searchEntries[0]
    }
    t.like(await set('5', '300'), {
      pwdMaxFailure: String(SLAPD_LOCK.failures),
      pwdFailureCountInterval: String(SLAPD_LOCK.within),
      pwdLockoutDuration: String(SLAPD_LOCK.lasts),
    })
    t.like(await set('5', '301'), { pwdMaxFailure: '5', pwdLockoutDuration: '301' })
  } finally {
    await slapd.down()
  }
})

test('a directory of before there were several servers gets the account by which they read each other', async (t) => {
  const slapd = await ownSlapd()
  try {
    const { replicaDN, replicaPasswordFile } = slapd.ldap
    const account = { dn: replicaDN, password: readFileSync(replicaPasswordFile, 'utf8') }
    t.true(await letsIn(slapd, account))
    const admin = directoryOf(slapd.ldap, 'admin')
    await admin.use('removing', (client) => apply(client, { kind: 'delete', dn: replicaDN }))
    await admin.close()
    t.false(await letsIn(slapd, account))
    await slapd.stop()
    // Such a directory noted the passwords of two accounts.
    writeFileSync(join(slapd.dir, 'ldap', 'data', 'db', 'accounts'), 'of two')
    await slapd.start()
    t.true(await letsIn(slapd, account))
    const again = directoryOf(slapd.ldap, 'reader')
    await t.notThrowsAsync(readAccounts(again))
    await again.close()
  } finally {
    await slapd.down()
  }
})
