import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { LDAP, NAMESPACES } from '../../../config/names.ts'
import { reachByCluster } from '../../../directory/command/reach.ts'
import { DirectoryError } from '../../../directory/errors.ts'
import { addPerson } from '../../../directory/people.ts'
import { deskfleet, newKey } from '../../harness/copies.ts'
import { must, type OwnLab, ownLab } from '../../harness/lab.ts'
import { furnish, type Programs, replicaPrograms } from '../../harness/replica-programs.ts'
import { BASE, directoryOf, type OwnSlapd } from '../../harness/slapd.ts'
import { contentOf, sameContent } from '../../harness/slapd-replicas.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'
import { eventually } from '../../harness/wait.ts'

/**
 * Three servers with their programs, which agree through a real API server who writes. The tests follow each other on the
 * same three.
 */
let home: OwnLab
let programs: Programs
test.before(async () => {
  home = await ownLab()
  await furnish(home.lab)
  // What a command needs to be let in: here only that it is there.
  const secret = (name: string, key: string) =>
    must(home.lab, [
      ...['-n', NAMESPACES.directory, 'create', 'secret', 'generic', name],
      `--from-literal=${key}=x`,
    ])
  await secret(LDAP.adminSecret, 'password')
  await secret(LDAP.tlsSecret, 'ca.crt')
  programs = await replicaPrograms(home.lab)
})
test.after.always(async () => {
  await programs?.down()
  await home?.end()
})

const ORDINALS = [0, 1, 2] as const
const dnOf = (login: string): string => `uid=${login},ou=people,${BASE}`

/** A copy of everything, made before all was lost, its key, and the entryUUIDs in it. */
let copy = ''
let key: Awaited<ReturnType<typeof newKey>>
let uuids: Readonly<Record<string, string | undefined>> = {}

const uuidsIn = (content: Awaited<ReturnType<typeof contentOf>>) =>
  Object.fromEntries(
    Object.entries(content).flatMap(([dn, { entryUUID }]) =>
      dn.startsWith('uid=') ? [[dn, entryUUID?.[0]]] : [],
    ),
  )

/** That there are several servers is said anew, as after a time with one. */
async function anew(): Promise<void> {
  await must(home.lab, ['-n', NAMESPACES.directory, 'delete', 'configmap', LDAP.several])
  await furnish(home.lab)
}

async function add(server: OwnSlapd, login: string): Promise<number> {
  const directory = directoryOf(server.ldap, 'admin')
  try {
    const password = 'correct horse battery'
    return await addPerson(directory, { login, name: login, groups: [], shell: '/bin/bash', password })
  } finally {
    await directory.close()
  }
}

/** The one that takes writes; never are there two. */
const writer = (t: ExecutionContext, but?: number): Promise<number> =>
  eventually('one of them takes writes', async () => {
    const found = await writing()
    t.true(found.length < 2, `${found.join(' and ')} take writes`)
    return found.length === 1 && found[0] !== but ? `${found[0]}` : undefined
  }).then(Number)

async function writing(): Promise<number[]> {
  const found: number[] = []
  // One after the other: one that took writes after it was asked took them after all that were asked before.
  for (const ordinal of ORDINALS) if (await programs.writes(ordinal)) found.push(ordinal)
  // Who stopped meanwhile did so before the other began.
  return found.length < 2 ? found : await stillWriting(found)
}

async function stillWriting(found: readonly number[]): Promise<number[]> {
  const still: number[] = []
  for (const ordinal of found) if (await programs.writes(ordinal)) still.push(ordinal)
  return still
}

const allRead = (): Promise<unknown> =>
  eventually('all may be read', async () => {
    const lacks = await Promise.all(ORDINALS.map((ordinal) => programs.lacks(ordinal)))
    return lacks.every((one) => one === '')
  })

test.serial(
  'they begin once, one writes, all may be read, and the writer’s Service leads to it',
  async (t) => {
    t.not(await eventually('it says why', () => programs.lacks(1)), '')
    await allRead()
    const first = await writer(t)
    t.is(first, 0, 'nobody but the first may begin a directory')
    t.is(await eventually('it leads there', () => programs.leadsTo()), 'ldap-0')
    const reach = await reachByCluster(home.kubeConfig)
    t.is(reach.address.url, 'ldaps://ldap-rw.deskfleet-directory.svc:636')
    t.deepEqual(
      reach.others.map(({ url }) => url),
      [1, 2].map((other) => `ldaps://ldap-${other}.ldap-pods.deskfleet-directory.svc:1636`),
    )
    t.is(await add(programs.at(first), 'ada'), 10_000)
    const refused = await t.throwsAsync(add(programs.at(1), 'bob'), { instanceOf: DirectoryError })
    t.regex(refused?.message ?? '', /another server/)
    await sameContent(programs.servers, (content) => dnOf('ada') in content)
  },
)

test.serial(
  'the writer dies during writes: another one takes its place, and no number is given twice',
  async (t) => {
    await allRead()
    const first = await writer(t)
    const confirmed: string[] = []
    const writes = (async () => {
      for (let n = 0; ; n++) {
        await add(programs.at(first), `p${n}`)
        const others = ORDINALS.filter((ordinal) => ordinal !== first)
        const has = async (ordinal: number) => dnOf(`p${n}`) in (await contentOf(programs.at(ordinal)))
        if ((await Promise.all(others.map(has))).includes(true)) confirmed.push(`p${n}`)
      }
    })()
    await eventually('some are added', () => confirmed.length > 3)
    await Promise.all([programs.at(first).stop('SIGKILL'), programs.stop(first, 'SIGKILL')])
    await t.throwsAsync(writes)
    const second = await writer(t, first)
    await add(programs.at(second), 'afterwards')
    await programs.at(first).start()
    await programs.start(first)
    await allRead()
    const all = await sameContent(programs.servers, (content) => dnOf('afterwards') in content)
    for (const login of confirmed) t.true(dnOf(login) in all, login)
    const uids = Object.values(all).flatMap(({ uidNumber }) => uidNumber ?? [])
    t.is(new Set(uids).size, uids.length)
  },
)

test.serial(
  'a writer that is cut off stops before another one begins; back, it gets what it missed',
  async (t) => {
    await allRead()
    const first = await writer(t)
    programs.isolate(first)
    const second = await writer(t, first)
    t.false(await programs.writes(first))
    await add(programs.at(second), 'bob')
    await t.throwsAsync(add(programs.at(first), 'nobody'), { instanceOf: DirectoryError })
    programs.rejoin(first)
    await sameContent(programs.servers, (content) => dnOf('bob') in content)
    await allRead()
  },
)

test.serial('the program of the writer dies alone: its slapd ends before another one begins', async (t) => {
  await allRead()
  const first = await writer(t)
  await programs.stop(first, 'SIGKILL')
  t.true(await programs.writes(first), 'nobody told it anything')
  const second = await writer(t, first)
  t.false(await programs.writes(first))
  await add(programs.at(second), 'fred')
  await programs.at(first).start()
  await programs.start(first)
  await allRead()
  await sameContent(programs.servers, (content) => dnOf('fred') in content)
})

test.serial('three, one alone, three again: who wrote alone is heard before anybody writes', async (t) => {
  await allRead()
  for (const ordinal of ORDINALS) await programs.stop(ordinal)
  for (const ordinal of ORDINALS) await programs.at(ordinal).stop()
  const byItself = { ordinal: 0, peers: [] }
  await programs.at(0).start(byItself)
  const alone = await add(programs.at(0), 'dora')
  await programs.at(0).stop()
  await anew()
  for (const ordinal of [1, 2]) await programs.at(ordinal).start()
  for (const ordinal of [1, 2]) await programs.start(ordinal)
  for (const ordinal of [1, 2])
    await eventually('it waits', async () => /server 0 was alone/.test(await programs.lacks(ordinal)))
  t.deepEqual(await writing(), [])
  // As a rollout has it: the first goes on alone until the others are ready, and becomes one of them then.
  await programs.at(0).start(byItself)
  for (const ordinal of [1, 2])
    await eventually('it has what the first has', async () => (await programs.lacks(ordinal)) === '')
  t.true(dnOf('dora') in (await contentOf(programs.at(1))))
  t.deepEqual(await writing(), [])
  await programs.at(0).stop()
  await programs.at(0).start()
  await programs.start(0)
  await allRead()
  const found = await writer(t)
  t.is(await add(programs.at(found), 'emma'), alone + 1)
  await sameContent(programs.servers, (content) => dnOf('dora') in content && dnOf('emma') in content)
})

test.serial(
  'one that lost everything is not read until it is filled; all that did are not read at all',
  async (t) => {
    await allRead()
    const first = await writer(t)
    await add(programs.at(first), 'carl')
    await sameContent(programs.servers, (content) => dnOf('carl') in content)
    const lost = ORDINALS.find((ordinal) => ordinal !== first) ?? 1
    programs.cut(lost)
    await programs.empty(lost)
    await eventually('it is not read', () => programs.lacks(lost))
    programs.mend(lost)
    await allRead()
    const full = await sameContent(programs.servers, (content) => dnOf('carl') in content)
    key = await newKey(t)
    copy = join(temporaryFolder(), 'last-night.age')
    const made = await deskfleet(programs.at(first), ['copy', copy, '--for', key.recipient])
    t.is(made.code, 0, made.stderr)
    uuids = uuidsIn(full)
    for (const ordinal of ORDINALS) await programs.stop(ordinal)
    for (const ordinal of ORDINALS) await programs.at(ordinal).stop()
    for (const ordinal of ORDINALS) programs.cut(ordinal)
    for (const ordinal of ORDINALS) await programs.empty(ordinal)
    for (const ordinal of ORDINALS) programs.mend(ordinal)
    for (const ordinal of ORDINALS) await programs.start(ordinal)
    for (const ordinal of ORDINALS)
      await eventually('it says what happened', async () =>
        /people were in it before/.test(await programs.lacks(ordinal)),
      )
    t.deepEqual(await writing(), [])
  },
)

test.serial(
  'all that lost everything begin anew when an administrator says so, and a copy brings everybody back to all',
  async (t) => {
    // As docs/copies.md has it.
    await must(home.lab, ['-n', NAMESPACES.directory, 'delete', 'leases', '--all'])
    const first = await writer(t)
    t.is(first, 0)
    await allRead()
    const others = programs.servers.slice(1).map(({ ldap }) => ldap.url)
    const { socket } = programs.at(first).ldap
    const restore = ['restore', copy, '--key', key.file, '--socket', socket, '--servers', others.join(',')]
    const { code, stderr } = await deskfleet(programs.at(first), restore)
    t.is(code, 0, stderr)
    const all = await sameContent(programs.servers, (content) => dnOf('carl') in content)
    t.deepEqual(uuidsIn(all), uuids)
    const numbers = Object.values(all).flatMap(({ uidNumber = [] }) => uidNumber)
    const next = String(await add(programs.at(first), 'zora'))
    t.false(numbers.includes(next), 'no number is given twice')
  },
)
