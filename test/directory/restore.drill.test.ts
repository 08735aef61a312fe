import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { generateX25519Identity } from 'age-encryption'
import test, { type ExecutionContext } from 'ava'
import { rootHere } from '../../directory/as-root.ts'
import { DirectoryError } from '../../directory/errors.ts'
import { addPerson, removePerson } from '../../directory/people.ts'
import { mustBeWhole } from '../../directory/restoring.ts'
import { observe } from '../../directory/sync/observe.ts'
import type { Store } from '../../directory/sync/store.ts'
import { packageTree, SLAPD } from '../../lab/debian/packages.ts'
import { deskfleet, newKey, PROGRAM } from '../harness/copies.ts'
import { PASSWORDS, peopleIn } from '../harness/room-of-people.ts'
import { BASE, directoryOf, type OwnSlapd, ownSlapd } from '../harness/slapd.ts'
import { contentOf, letsIn, sameContent, slapdReplicas } from '../harness/slapd-replicas.ts'
import { temporaryFolder } from '../harness/temporary-folder.ts'

const dnOf = (login: string): string => `uid=${login},ou=people,${BASE}`

/** A directory with people, and a copy of it; no test changes either. */
let original: OwnSlapd
let key: Awaited<ReturnType<typeof newKey>>
let file: string
test.before(async (t) => {
  original = await ownSlapd()
  await peopleIn(original)
  key = await newKey(t)
  file = join(temporaryFolder(), 'copy.age')
  const made = await deskfleet(original, ['copy', file, '--for', key.recipient])
  t.is(made.code, 0, made.stderr)
  t.is(statSync(file).mode & 0o777, 0o600)
})
test.after.always(() => original?.down())

const restore = (at: OwnSlapd, ...more: string[]) =>
  deskfleet(at, ['restore', file, '--key', key.file, '--socket', at.ldap.socket, ...more])

/** A room of its own, with nobody in it and other passwords of the directory's own accounts. */
async function emptyRoom(t: ExecutionContext, baseDN?: string): Promise<OwnSlapd> {
  const slapd = await ownSlapd(baseDN)
  t.teardown(slapd.down)
  return slapd
}

/** All that is promised of a directory: everything but when slapd was written to, and who wrote. */
async function promised(slapd: OwnSlapd) {
  const own = new Set([
    'entryCSN',
    'modifyTimestamp',
    'modifiersName',
    'createTimestamp',
    'creatorsName',
    'pwdFailureTime',
  ])
  return Object.fromEntries(
    Object.entries(await contentOf(slapd)).map(([dn, entry]) => [
      dn,
      Object.fromEntries(Object.entries(entry).filter(([name]) => !own.has(name))),
    ]),
  )
}

test.serial(
  'a copy in an empty room: same people, same uids, same passwords, same groups, and no number twice',
  async (t) => {
    const before = await promised(original)
    const room = await emptyRoom(t)
    const { code, stdout, stderr } = await restore(room)
    t.is(code, 0, stderr)
    t.regex(stderr, /a copy of dc=room,dc=example, made at 20\S+, with 3 people and 4 groups/)
    t.regex(stdout, /3 people and 4 groups are as they were/)
    t.false((stdout + stderr).includes('ARGON2'))
    t.deepEqual(await promised(room), before)
    t.truthy(before[dnOf('ada')]?.entryUUID)
    t.true(await letsIn(room, { dn: dnOf('ada'), password: PASSWORDS.ada }))
    t.true(await letsIn(room, { dn: dnOf('bob'), password: PASSWORDS.bob }))
    t.false(await letsIn(room, { dn: dnOf('bob'), password: 'the first horse of bob' }))
    t.false(
      await letsIn(room, { dn: dnOf('carl'), password: 'a horse that is locked' }),
      'he is locked still',
    )
    const directory = directoryOf(room.ldap, 'admin')
    t.teardown(() => directory.close())
    const eve = { login: 'eve', name: 'Eve', groups: [], shell: '/bin/bash', password: 'a horse that is new' }
    // ada, bob, carl, and dora who is gone: hers is nobody's.
    t.is(await addPerson(directory, eve), 10_004)
    await t.notThrowsAsync(mustBeWhole(directory))
  },
)

test.serial(
  'where people are, nothing is restored; told so, it adds who is missing and changes nobody',
  async (t) => {
    const slapd = await emptyRoom(t)
    t.is((await restore(slapd)).code, 0)
    const directory = directoryOf(slapd.ldap, 'admin')
    t.teardown(() => directory.close())
    const refused = await restore(slapd)
    t.is(refused.code, 1)
    t.regex(refused.stderr, /3 people are in the directory, and a copy is restored into an empty one/)
    const before = await promised(slapd)
    await removePerson(directory, 'bob')
    const eve = { login: 'eve', name: 'Eve', groups: [], shell: '/bin/bash', password: 'a horse that is new' }
    await addPerson(directory, eve)
    const shown = await restore(slapd, '--beside', '--dry-run')
    t.is(shown.code, 0, shown.stderr)
    t.deepEqual(
      shown.stdout.split('\n').filter((line) => /^(entry|members)/.test(line)),
      [`entry ${dnOf('bob')}`, `members cn=people,ou=groups,${BASE}`],
    )
    t.false(dnOf('bob') in (await contentOf(slapd)), 'nothing is written')
    t.is((await restore(slapd, '--beside')).code, 0)
    const after = await promised(slapd)
    for (const login of ['ada', 'bob', 'carl']) t.deepEqual(after[dnOf(login)], before[dnOf(login)], login)
    t.true(dnOf('eve') in after)
    t.true(await letsIn(slapd, { dn: dnOf('bob'), password: PASSWORDS.bob }))
  },
)

test.serial(
  'somebody else under the same login or uid stands in the way, and nothing at all is written',
  async (t) => {
    const room = await emptyRoom(t)
    const directory = directoryOf(room.ldap, 'admin')
    t.teardown(() => directory.close())
    await addPerson(directory, {
      login: 'bob',
      name: 'Bob',
      groups: [],
      shell: '/bin/bash',
      password: 'a horse that is new',
    })
    const before = await contentOf(room)
    const { code, stderr } = await restore(room, '--beside')
    t.is(code, 1)
    t.regex(stderr, /uid=bob,\S+ is another one here/)
    t.regex(stderr, /uid=ada,\S+ has the uidNumber 10000 of uid=bob/)
    t.deepEqual(await contentOf(room), before)
  },
)

test.serial(
  'a wrong key, a cut or altered file, another room’s copy: told, and nothing is written',
  async (t) => {
    const room = await emptyRoom(t)
    const before = await contentOf(room)
    const folder = temporaryFolder()
    const bytes = readFileSync(file)
    const of = (name: string, content: string | Buffer): string => {
      writeFileSync(join(folder, name), content)
      return join(folder, name)
    }
    const altered = Buffer.from(bytes)
    altered.writeUInt8(altered.readUInt8(bytes.length - 40) ^ 1, bytes.length - 40)
    const cases: readonly [name: string, copy: string, keyFile: string, says: RegExp][] = [
      ['wrong key', file, of('other.key', await generateX25519Identity()), /encrypted for other keys/],
      ['no key', file, of('no.key', '# nothing\n'), /holds no private key/],
      ['cut off', of('cut.age', bytes.subarray(0, bytes.length - 100)), key.file, /cut off or was altered/],
      ['altered', of('altered.age', altered), key.file, /cut off or was altered/],
      ['no copy', of('no.age', 'a shopping list'), key.file, /is no copy/],
    ]
    for (const [name, copy, keyFile, says] of cases) {
      const { code, stderr } = await deskfleet(room, [
        'restore',
        copy,
        '--key',
        keyFile,
        '--socket',
        room.ldap.socket,
      ])
      t.is(code, 1, name)
      t.regex(stderr, says, name)
    }
    t.deepEqual(await contentOf(room), before)
    const other = await emptyRoom(t, 'dc=other,dc=example')
    const { code, stderr } = await restore(other)
    t.is(code, 1)
    t.regex(stderr, /the copy is of dc=room,dc=example, and this directory is dc=other,dc=example/)
  },
)

/** Very many people at once, with a hash that is nobody's. */
async function crowd({ ldap }: OwnSlapd, count: number): Promise<void> {
  const one = (n: number): string =>
    [
      `dn: uid=p${n},ou=people,${BASE}`,
      'changetype: add',
      'objectClass: inetOrgPerson',
      'objectClass: posixAccount',
      ...[`uid: p${n}`, `cn: P ${n}`, `sn: ${n}`, `uidNumber: ${20_000 + n}`, 'gidNumber: 10000'],
      ...[
        `homeDirectory: /home/p${n}`,
        'userPassword: {ARGON2}$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA',
        '',
        '',
      ],
    ].join('\n')
  const members = Array.from({ length: count }, (_, n) => `member: uid=p${n},ou=people,${BASE}\n`).join('')
  const group = `dn: cn=people,ou=groups,${BASE}\nchangetype: modify\nadd: member\n${members}-\n\n`
  const { bin } = await packageTree(SLAPD)
  process.env.PATH = `${bin}:${process.env.PATH}`
  await rootHere(ldap.socket)(Array.from({ length: count }, (_, n) => one(n)).join('') + group)
}

test.serial(
  'one that is killed half-way goes on when it is run again; meanwhile nobody counts as gone',
  async (t) => {
    const slapd = await ownSlapd()
    t.teardown(slapd.down)
    await peopleIn(slapd)
    await crowd(slapd, 700)
    const large = join(temporaryFolder(), 'copy.age')
    t.is((await deskfleet(slapd, ['copy', large, '--for', key.recipient])).code, 0)
    const room = await emptyRoom(t)
    const reader = directoryOf(room.ldap, 'reader')
    t.teardown(() => reader.close())
    const args = ['restore', large, '--key', key.file, '--socket', room.ldap.socket]
    const killed = await deskfleet(room, args, (said, kill) => {
      if (/^200 of/m.test(said)) kill()
    })
    t.is(killed.code, null, killed.stderr)
    const half = Object.keys(await contentOf(room)).length
    t.true(half > 150 && half < 700, `${half} entries`)
    const held = await t.throwsAsync(mustBeWhole(reader), { instanceOf: DirectoryError })
    t.is(held?.problem, 'restoring')
    // Whatever is published, the identity sync does not come to compare it with half of the people.
    const never = async () => t.fail('the cluster was asked')
    const store = { readDigest: never, list: never } as unknown as Store
    const seen = await t.throwsAsync(observe({ directory: reader, store }, {}, 0, 0), {
      instanceOf: DirectoryError,
    })
    t.is(seen?.problem, 'restoring')
    const again = await deskfleet(room, args)
    t.is(again.code, 0, again.stderr)
    const counter = `cn=next-uid,ou=policies,${BASE}`
    const { [counter]: next, ...now } = await promised(room)
    const { [counter]: _, ...before } = await promised(slapd)
    t.deepEqual(now, before)
    t.deepEqual(next?.serialNumber, ['20700'], 'beyond every number that somebody has')
    await t.notThrowsAsync(mustBeWhole(reader))
  },
)

test.serial('three servers: what is restored at the one that writes, all have', async (t) => {
  const replicas = await slapdReplicas(3)
  t.teardown(replicas.down)
  const [writer, ...others] = replicas.servers
  if (!writer) return t.fail()
  const servers = others.map(({ ldap }) => ldap.url).join(',')
  const { code, stderr } = await restore(writer, '--servers', servers)
  t.is(code, 0, stderr)
  const all = await sameContent(replicas.servers, (content) => dnOf('ada') in content)
  t.is(all[dnOf('ada')]?.entryUUID?.[0], (await contentOf(original))[dnOf('ada')]?.entryUUID?.[0])
  for (const server of replicas.servers)
    t.true(await letsIn(server, { dn: dnOf('ada'), password: PASSWORDS.ada }))
})

test.serial('no file is ever written over: it may be the only key', async (t) => {
  const before = readFileSync(key.file, 'utf8')
  const child = spawn(process.execPath, [PROGRAM, 'directory', 'key', key.file])
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
  t.is(code, 2)
  t.regex(said, /is there already/)
  t.is(readFileSync(key.file, 'utf8'), before)
})
