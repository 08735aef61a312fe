import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import test, { type ExecutionContext } from 'ava'
import { NODE_FLAGS } from '../../../charts/kit/pods.ts'
import { readName } from '../../../directory/copies/decide.ts'
import { openFolder } from '../../../directory/copies/folder.ts'
import { keepCopies, type Listener } from '../../../directory/copies/keep.ts'
import { unseal } from '../../../directory/copy.ts'
import type { DirectoryError } from '../../../directory/errors.ts'
import { openMounted } from '../../../directory/mounted.ts'
import { addPerson, removePerson } from '../../../directory/people.ts'
import { takeSnapshot } from '../../../directory/snapshot.ts'
import { freePorts } from '../../../lab/network/ports.ts'
import type { Clock } from '../../../service/clock.ts'
import { systemClock } from '../../../service/clock.ts'
import { peopleIn } from '../../harness/room-of-people.ts'
import { BASE, directoryOf, type OwnSlapd, ownSlapd } from '../../harness/slapd.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'
import { eventually } from '../../harness/wait.ts'

const root = join(import.meta.dirname, '../../..')
const DAY = 86_400_000
const NIGHT = Date.parse('2026-11-26T02:00:00Z')

let slapd: OwnSlapd
let key: string
let recipient: string
test.before(async () => {
  slapd = await ownSlapd()
  await peopleIn(slapd)
  key = await generateX25519Identity()
  recipient = await identityToRecipient(key)
})
test.after.always(() => slapd?.down())

const mounted = () => {
  const { url, caFile, baseDN, replicaDN: bindDN, replicaPasswordFile: passwordFile } = slapd.ldap
  return { url, writerUrl: url, caFile, baseDN, bindDN, passwordFile }
}

/** The keeping of one folder, whose time of day is set by hand. */
function keeping(t: ExecutionContext, folder: string, spare = 0) {
  const end = new AbortController()
  const directory = openMounted(mounted())
  let wall = NIGHT
  let looks = 0
  const failures: string[] = []
  const clock: Clock = { ...systemClock, wall: () => new Date(wall) }
  const listener: Listener = {
    looked: () => void looks++,
    made() {},
    removed() {},
    failed: (error) => void failures.push(String(error)),
  }
  const over = keepCopies(
    {
      directory,
      folder: openFolder(folder, () => wall, spare),
      clock,
      schedule: { hour: 2, timeZone: 'Etc/UTC' },
      recipients: [recipient],
      listener,
      rhythm: { look: 20, again: 20 },
    },
    end.signal,
  )
  const stop = async () => {
    end.abort()
    await over
    await directory.close()
  }
  t.teardown(stop)
  return {
    failures,
    stop,
    at: (time: number) => {
      wall = time
    },
    /** Until it has looked a few times more. */
    async looked() {
      const from = looks
      await eventually('it has looked again', () => looks > from + 4 || failures.length > 0)
    },
  }
}

const copiesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => readName(name))
    .sort()
const opened = async (folder: string, name: string) => {
  const copy = await unseal(readFileSync(join(folder, name)), key)
  if ('unreadable' in copy) throw new Error(copy.message)
  return copy
}

test.serial(
  'each night one copy that the key opens: everybody, with hashes, and no account of slapd’s own',
  async (t) => {
    const folder = temporaryFolder()
    const work = keeping(t, folder)
    await eventually('the first is made at once', () => copiesIn(folder).length === 1)
    await work.looked()
    const [first = ''] = copiesIn(folder)
    t.is(readName(first)?.people, 3)
    t.is(statSync(join(folder, first)).mode & 0o777, 0o600)
    const { manifest, entries } = await opened(folder, first)
    t.like(manifest, { room: BASE, people: 3, groups: 4, at: new Date(NIGHT).toISOString() })
    const ada = entries.find(({ dn }) => dn.startsWith('uid=ada,'))
    t.regex(String(ada?.attributes.get('userPassword')?.[0]), /^\{ARGON2\}/)
    t.truthy(ada?.attributes.get('entryUUID'))
    t.false(entries.some(({ dn }) => /^cn=(admin|reader|replica),/.test(dn)))
    work.at(NIGHT + DAY - 60_000)
    await work.looked()
    t.is(copiesIn(folder).length, 1, 'not before the next night')
    work.at(NIGHT + DAY + 3_000)
    await eventually('the next is made', () => copiesIn(folder).length === 2)
    t.deepEqual(work.failures, [])
  },
)

test.serial('a night that was missed is made up after a start, and old copies go', async (t) => {
  const folder = temporaryFolder()
  const first = keeping(t, folder)
  await eventually('a copy is made', () => copiesIn(folder).length === 1)
  for (let night = 1; night < 12; night++) {
    first.at(NIGHT + night * DAY)
    await eventually(`that of night ${night}`, () =>
      copiesIn(folder).some((name) => readName(name)?.at === NIGHT + night * DAY),
    )
  }
  await first.looked()
  await first.stop()
  const before = copiesIn(folder)
  t.is(before.length, 8, 'seven nights, and the Sunday before')
  // Off for the night, on again in the morning.
  const morning = NIGHT + 12 * DAY + 6 * 3_600_000
  const second = keeping(t, folder)
  second.at(morning)
  await eventually('it is made up', () =>
    copiesIn(folder).some((name) => (readName(name)?.at ?? 0) >= morning),
  )
})

test.serial('an emptied directory pushes no copy out, and one that does not answer makes none', async (t) => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'directory-20261125T020000Z-40-people.age'), 'of before')
  const empty = await ownSlapd()
  t.teardown(empty.down)
  const whole = slapd
  slapd = empty
  const work = keeping(t, folder)
  slapd = whole
  await eventually('it is refused', () => work.failures.length > 0)
  t.regex(work.failures[0] ?? '', /nobody is in the directory, and 40 people were/)
  t.deepEqual(copiesIn(folder), ['directory-20261125T020000Z-40-people.age'])
  await empty.stop('SIGKILL')
  await eventually('it is told', () => work.failures.some((one) => /slapd runs/.test(one)))
  t.deepEqual(readdirSync(folder), ['directory-20261125T020000Z-40-people.age'])
})

test.serial('without room on the disk none is made, and nothing half written is left', async (t) => {
  const folder = temporaryFolder()
  const left = join(folder, '.making-left-by-a-crash')
  writeFileSync(left, 'half')
  utimesSync(left, new Date(NIGHT - DAY), new Date(NIGHT - DAY))
  const full = keeping(t, folder, Number.MAX_SAFE_INTEGER)
  await eventually('it is refused', () => full.failures.length > 0)
  t.regex(full.failures[0] ?? '', /too little room/)
  t.deepEqual(readdirSync(folder), [])
  await full.stop()
  keeping(t, folder)
  await eventually('it is made when there is', () => copiesIn(folder).length === 1)
})

test.serial('what is read is of one moment, also while somebody writes', async (t) => {
  const admin = directoryOf(slapd.ldap, 'admin')
  const reading = openMounted(mounted())
  t.teardown(async () => {
    await admin.close()
    await reading.close()
  })
  const logins = Array.from({ length: 12 }, (_, n) => `w${n}`)
  let writes = true
  const writing = (async () => {
    for (const login of logins)
      await addPerson(admin, {
        login,
        name: 'W',
        groups: [],
        shell: '/bin/bash',
        password: 'a horse that writes',
      })
    writes = false
  })()
  let whole = 0
  for (let last = false; !last; ) {
    last = !writes
    // In pages of two, so that it takes many answers.
    const snapshot = await takeSnapshot(reading, 2).catch((error: DirectoryError) => {
      t.is(error.problem, 'superseded')
    })
    if (!snapshot) continue
    whole++
    const uids = snapshot.entries
      .filter(({ dn }) => /^uid=/.test(dn))
      .map(({ attributes }) => Number(attributes.get('uidNumber')))
    const counter = snapshot.entries.find(({ dn }) => dn.startsWith('cn=next-uid,'))
    // The counter is read long before those who came last.
    const next = Number(counter?.attributes.get('serialNumber'))
    t.true(
      uids.every((uid) => uid < next),
      `${uids} below ${next}`,
    )
  }
  await writing
  t.true(whole > 0)
  for (const login of logins) await removePerson(admin, login)
})

test.serial(
  'the program itself, by its settings: it is ready once there is a copy, and says so in its metrics',
  async (t) => {
    const folder = temporaryFolder()
    const [port] = await freePorts(1)
    const { url, caFile, baseDN, replicaDN, replicaPasswordFile } = slapd.ldap
    const child = spawn(process.execPath, [...NODE_FLAGS, 'directory/copies/main.ts'], {
      cwd: root,
      stdio: 'ignore',
      env: {
        PATH: process.env.PATH,
        DESKFLEET_METRICS_LISTEN: `127.0.0.1:${port}`,
        DESKFLEET_LDAP_URL: url,
        DESKFLEET_LDAP_BASE_DN: baseDN,
        DESKFLEET_LDAP_BIND_DN: replicaDN,
        DESKFLEET_LDAP_PASSWORD_FILE: replicaPasswordFile,
        DESKFLEET_LDAP_CA_FILE: caFile,
        DESKFLEET_COPIES: folder,
        DESKFLEET_COPIES_HOUR: '2',
        DESKFLEET_COPIES_TIME_ZONE: 'Europe/Berlin',
        DESKFLEET_COPIES_RECIPIENTS: recipient,
      },
    })
    const ended = once(child, 'exit')
    t.teardown(async () => {
      child.kill('SIGKILL')
      await ended
    })
    await eventually('it is ready', async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined)
      return answer?.status === 200
    })
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    t.regex(metrics, /deskfleet_directory_copies 1/)
    t.regex(metrics, /deskfleet_directory_copy_people 3/)
    t.regex(metrics, /deskfleet_directory_copy_timestamp_seconds [1-9]/)
    t.is(copiesIn(folder).length, 1)
    t.true(existsSync(join(folder, copiesIn(folder)[0] ?? '')))
  },
)
