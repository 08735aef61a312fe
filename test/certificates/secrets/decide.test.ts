import test from 'ava'
import { newAuthority, type Pair, YEAR } from '../../../certificates/authority.ts'
import { newLeaf } from '../../../certificates/leaf.ts'
import { decide, type Observed } from '../../../certificates/secrets/decide.ts'
import { DIRECTORY_NAMES } from '../../../certificates/secrets/wanted.ts'

const NOW = new Date()

const tls = (pair: Pair) => ({ 'tls.crt': pair.certificate, 'tls.key': pair.key })

async function whole(): Promise<Required<Observed>> {
  const authority = await newAuthority('test', NOW)
  const leaf = await newLeaf(authority, DIRECTORY_NAMES, NOW, 100 * YEAR)
  return {
    authority: tls(authority),
    trust: { 'ca.crt': authority.certificate },
    adminPassword: { password: 'one' },
    readerPassword: { password: 'two' },
    readerPasswordCopy: { password: 'two' },
    directoryLeaf: { ...tls(leaf), 'ca.crt': authority.certificate },
  }
}

const without = <K extends keyof Observed>(all: Required<Observed>, key: K): Observed => {
  const { [key]: _, ...rest } = all
  return rest
}

const kinds = (observed: Observed) =>
  decide(observed, NOW).create.map((one) => ('wanted' in one ? `${one.kind} ${one.wanted}` : one.kind))

const faultNames = (observed: Observed) =>
  decide(observed, NOW).faults.map(({ place, rule }) => `${place.name}: ${rule}`)

test('nothing there: the passwords and the authority first, what is signed by it later', (t) => {
  t.deepEqual(kinds({}), ['password adminPassword', 'password readerPassword', 'authority'])
})

test('all there: nothing is made and nothing is wrong', async (t) => {
  t.deepEqual(decide(await whole(), NOW), { create: [], faults: [] })
})

test('each that is absent is made, and nothing else', async (t) => {
  const all = await whole()
  t.deepEqual(kinds(without(all, 'adminPassword')), ['password adminPassword'])
  t.deepEqual(kinds(without(all, 'readerPasswordCopy')), ['copy readerPasswordCopy'])
  t.deepEqual(kinds(without(all, 'trust')), ['copy trust'])
  t.deepEqual(kinds(without(all, 'directoryLeaf')), ['leaf'])
})

test('a source that is gone comes back from its copy, since slapd knows that password', async (t) => {
  const { create } = decide(without(await whole(), 'readerPassword'), NOW)
  t.deepEqual(create, [{ kind: 'copy', wanted: 'readerPassword', data: { password: 'two' } }])
})

test('what exists is never made anew, whatever is wrong with it: the fault says where and how to mend', async (t) => {
  const all = await whole()
  const other = await newAuthority('other', NOW)
  const wrong: [Observed, string][] = [
    [
      { ...all, readerPasswordCopy: { password: 'three' } },
      'ldap-reader: it differs from deskfleet-directory/ldap-reader',
    ],
    [{ ...all, adminPassword: { password: '' } }, 'ldap-admin: it holds no password'],
    [{ ...all, adminPassword: { pass: 'one' } }, 'ldap-admin: it holds no password'],
    [
      { ...all, trust: { 'ca.crt': other.certificate } },
      'certificate-authority: its ca.crt is not the certificate in deskfleet-system/certificate-authority',
    ],
    [
      {
        ...all,
        directoryLeaf: { ...tls(await newLeaf(other, DIRECTORY_NAMES, NOW)), 'ca.crt': other.certificate },
      },
      'ldap-tls: it is signed by another authority',
    ],
    [
      { ...all, directoryLeaf: { 'tls.crt': 'x', 'tls.key': 'y' } },
      'ldap-tls: its certificate or its key is not PEM',
    ],
    [
      { ...all, authority: { 'tls.crt': '', 'tls.key': '' } },
      'certificate-authority: its certificate or its key is not PEM',
    ],
  ]
  for (const [observed, expected] of wrong) {
    t.deepEqual(faultNames(observed), [expected])
    t.deepEqual(kinds(observed), [])
    for (const { mend } of decide(observed, NOW).faults)
      t.regex(mend, /^remove it with `kubectl -n \S+ delete /)
  }
})

test('no value of a secret is in a fault', async (t) => {
  const all = await whole()
  const said = JSON.stringify(decide({ ...all, readerPasswordCopy: { password: 'hunter2' } }, NOW).faults)
  t.false(said.includes('hunter2'))
  t.false(said.includes('two'))
})
