import test from 'ava'
import { decide } from '../../storage/mounter/client/decide.ts'
import type { Client, ClientMount, ClientProcess, Seen } from '../../storage/mounter/client/facts.ts'
import { hostsText } from '../../storage/mounter/client/names.ts'
import { clientsOf, volumeMounts } from '../../storage/mounter/client/observe.ts'
import { unitsIn } from '../../storage/mounter/client/processes.ts'
import { preferred } from '../../storage/mounter/client/volume.ts'
import { mountLines } from '../../storage/mountinfo.ts'

const SERVERS = ['a', 'b', 'c']
const running: ClientProcess = { version: 'v1', servers: SERVERS, runs: true, age: 60_000 }
const ended: ClientProcess = { ...running, runs: false }
const answering: ClientMount = { said: 'answers', since: 60_000, shown: 3 }
const client = (
  number: number,
  process: ClientProcess | undefined = running,
  mount: ClientMount | undefined = answering,
): Client => ({ number, process, mount })
const base: Seen = {
  clients: [client(1)],
  version: 'v1',
  laid: ['v1'],
  servers: SERVERS,
  certificate: true,
  starts: { failed: 0, ago: Number.POSITIVE_INFINITY },
}
const start = (number: number, version = 'v1') => ({
  step: 'start' as const,
  number,
  version,
  servers: SERVERS,
})
const of = (more: Partial<Seen>) => decide({ ...base, ...more })
const silent: ClientMount = { said: 'silent', since: 200_000, shown: 2 }
const refusing: ClientMount = { said: 'refuses', since: 200_000, shown: 2 }

test('a client that answers and is as wanted is left alone', (t) => {
  t.deepEqual(of({}), { step: undefined, current: 1, trouble: undefined })
})

for (const [what, more, trouble] of [
  ['no certificate', { certificate: false }, 'no-certificate'],
  ['no servers', { servers: [] }, 'no-servers'],
  ['no client in the image', { version: undefined }, 'no-client'],
  ['a start that failed just now', { starts: { failed: 3, ago: 1_000 } }, 'start-failed'],
] as const) {
  test(`nothing is started with ${what}`, (t) => {
    t.deepEqual(of({ clients: [], ...more }), { step: undefined, current: undefined, trouble })
  })
  test(`an answering client is left alone with ${what}`, (t) => {
    t.like(of(more), { step: undefined, current: 1 })
  })
}

test('files are laid before a client is started from them', (t) => {
  t.deepEqual(of({ clients: [], laid: [] }).step, { step: 'lay', version: 'v1' })
  t.deepEqual(of({ clients: [] }).step, start(1))
})

test('a dead mount is taken off, and a new client is started under a new number', (t) => {
  for (const process of [undefined, ended]) {
    const dead: Client = { number: 4, process, mount: { ...refusing, since: 0 } }
    t.deepEqual(of({ clients: [dead] }), {
      step: { step: 'detach', number: 4 },
      current: undefined,
      trouble: undefined,
    })
  }
  t.deepEqual(of({ clients: [{ number: 4, process: ended, mount: undefined }] }).step, start(5))
})

test('a living process that does not answer is left alone, however long, and it is told', (t) => {
  t.deepEqual(of({ clients: [client(1, running, refusing)] }), {
    step: undefined,
    current: undefined,
    trouble: 'no-quorum',
  })
  t.deepEqual(of({ clients: [client(1, running, { ...silent, since: 60_000 })] }), {
    step: undefined,
    current: undefined,
    trouble: 'silent',
  })
})

test('a second client finds out why one is silent; the silent one ends only once the other has answered for a while', (t) => {
  t.deepEqual(of({ clients: [client(1, running, silent)] }).step, start(2))
  const second = { ...answering, since: 1_000, shown: 0 }
  t.deepEqual(of({ clients: [client(1, running, silent), client(2, running, silent)] }).step, undefined)
  t.like(of({ clients: [client(1, running, silent), client(2, running, second)] }), {
    step: undefined,
    current: 2,
  })
  const lasting = { ...second, since: 40_000 }
  t.deepEqual(of({ clients: [client(1, running, silent), client(2, running, lasting)] }).step, {
    step: 'stop',
    number: 1,
  })
})

test('a client that asked only PCs that serve no more is not waited for alone', (t) => {
  t.deepEqual(of({ clients: [client(1, running, refusing)], servers: ['x', 'y'] }).step, {
    ...start(2),
    servers: ['x', 'y'],
  })
})

test('another version starts beside the one in use, which goes when nothing is shown from it', (t) => {
  const wish = { version: 'v2', laid: ['v1', 'v2'] }
  t.deepEqual(of(wish).step, start(2, 'v2'))
  const next = client(2, { ...running, version: 'v2' })
  t.deepEqual(of({ ...wish, clients: [client(1), next] }), {
    step: undefined,
    current: 2,
    trouble: undefined,
  })
  const unused = client(1, running, { ...answering, shown: 0 })
  t.deepEqual(of({ ...wish, clients: [unused, next] }).step, { step: 'retire', number: 1 })
  const young = client(2, { ...running, version: 'v2', age: 1_000 })
  t.is(of({ ...wish, clients: [unused, young] }).step, undefined, 'it may yet end')
  t.deepEqual(of({ ...wish, clients: [next] }).step, { step: 'remove', version: 'v1' })
})

test('while the new one comes up no third is started, and one that never does is ended', (t) => {
  const wish = { version: 'v2', laid: ['v1', 'v2'] }
  const coming = { ...running, version: 'v2', age: 3_000 }
  t.like(of({ ...wish, clients: [client(1), client(2, coming, { ...refusing, shown: 0 })] }), {
    step: undefined,
    current: 1,
    trouble: 'starting',
  })
  t.deepEqual(
    of({ ...wish, clients: [client(1), { number: 2, process: coming, mount: undefined }] }).step,
    undefined,
  )
  const late = { ...coming, age: 50_000 }
  for (const mount of [undefined, { ...refusing, shown: 0 }]) {
    const clients = [client(1), { number: 2, process: late, mount }]
    t.deepEqual(of({ ...wish, clients }).step, { step: 'stop', number: 2 })
  }
})

test('a client that knows fewer than two of those who serve now gives way; one that knows the only one does not', (t) => {
  t.is(of({ servers: ['a', 'b', 'x', 'y'] }).step, undefined)
  t.deepEqual(of({ servers: ['a', 'x', 'y'] }).step, { ...start(2), servers: ['a', 'x', 'y'] })
  t.is(of({ servers: ['a'] }).step, undefined)
  t.is(of({ servers: [] }).step, undefined)
})

test('what systemd says of our units, and of units that are not ours', (t) => {
  const about = Buffer.from(JSON.stringify({ version: 'v1', servers: ['a', 'b'] })).toString('base64url')
  const shown = [
    `MainPID=77\nEnvironment=DESKFLEET_CLIENT=${about}\nId=deskfleet-homes-3.service\nActiveState=active\nActiveEnterTimestampMonotonic=5000000`,
    'MainPID=0\nEnvironment=\nId=deskfleet-homes-4.service\nActiveState=failed\nActiveEnterTimestampMonotonic=0',
    'MainPID=1\nEnvironment=\nId=deskfleet-homes-x.service\nActiveState=active',
  ].join('\n\n')
  t.deepEqual(unitsIn(shown, 8_000), [
    { number: 3, version: 'v1', servers: ['a', 'b'], runs: true, age: 3_000, pid: 77 },
    { number: 4, version: '', servers: [], runs: false, age: 0, pid: undefined },
  ])
  t.deepEqual(unitsIn('', 1), [])
})

test('mounts and what is shown of them, by device; another file system in the place of a client is none', (t) => {
  const lines = mountLines(
    [
      '1 0 0:50 / /run/deskfleet/volumes rw shared:1 - tmpfs t rw',
      '2 1 0:60 / /run/deskfleet/volumes/1 rw shared:2 - fuse.glusterfs a:/home rw',
      '3 1 0:61 / /run/deskfleet/volumes/2 rw - tmpfs t rw',
      '4 0 0:60 /homes/x /run/deskfleet/u/ada/ada\\040b rw shared:2 - fuse.glusterfs a:/home rw',
    ].join('\n'),
    '/run/deskfleet',
  )
  t.deepEqual(volumeMounts(lines), [{ number: 1, device: '0:60', shown: 1 }])
  t.is(lines[3]?.point, 'u/ada/ada b')
  const since = new Map()
  const at = (now: number, said: 'answers' | 'refuses') =>
    clientsOf([], volumeMounts(lines), new Map([[1, said]]), since, now)[0]?.mount?.since
  t.deepEqual([at(0, 'answers'), at(9, 'answers'), at(10, 'refuses'), at(15, 'refuses')], [0, 9, 0, 5])
})

test('nothing but names and addresses gets into the hosts file', (t) => {
  const pcs = [
    { name: 'b', address: '192.0.2.2' },
    { name: 'a', address: 'fd00::1' },
    { name: 'localhost', address: '192.0.2.9' },
    { name: 'evil\n192.0.2.1 a', address: '192.0.2.3' },
    { name: 'c', address: '192.0.2.4 a' },
    { name: '--volfile-server=x', address: '192.0.2.4' },
  ]
  t.is(hostsText(pcs), '127.0.0.1 localhost\n192.0.2.2 b\nfd00::1 a\n')
})

test('a PC asks itself first, and not all begin with the same one', (t) => {
  t.deepEqual(preferred(['c', 'a', 'b', 'a'], 'b'), ['b', 'c', 'a'])
  t.deepEqual(preferred(['c', 'a'], 'b'), ['c', 'a'])
  t.deepEqual(preferred(['c', 'a'], 'z'), ['a', 'c'])
})
