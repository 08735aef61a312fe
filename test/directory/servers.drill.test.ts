import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { LDAP, LDAP_DISK, NAMESPACES } from '../../config/names.ts'
import { applicationsOf, refresh, settled } from '../../lab/delivery/applications.ts'
import { type Delivery, DOOR_HOST, openDelivery, openDoor, publish } from '../../lab/delivery/deliver.ts'
import type { Room } from '../../lab/room/room.ts'
import { addPerson, deskfleet, must } from '../delivery/person.ts'
import { passwordIn } from '../door/desktop-pod.ts'
import { newBrowser } from '../gateway/browser.ts'
import { pcBecomes, sharedRoom } from '../harness/room.ts'
import { becomes, eventually, secondsOf } from '../harness/wait.ts'

/** The directory in a whole room: from one server to three and back by a setting, and PCs that lose power meanwhile. */

const mark = randomBytes(2).toString('hex')
const EARLY = `early-${mark}`
const inDirectory = ['-n', NAMESPACES.directory]

let room: Room
let delivery: Delivery
let port: number
/** Everybody whose adding was confirmed, with their passwords. */
const people = new Map<string, string>()

test.before(async (t) => {
  t.timeout(300_000)
  room = await sharedRoom()
  delivery = await openDelivery(room)
  port = await openDoor(room)
  people.set(EARLY, passwordIn(await addPerson(room, EARLY)))
})

test.after.always(async (t) => {
  t.timeout(600_000)
  for (const { name } of room?.pcs ?? []) await room.pc.on(name)
  if (delivery) await deliverServers(t, 1, 'class')
})

type Disk = 'class' | 'pc'

const commitServers = (replicas: 1 | 3, disk: Disk): Promise<string> => {
  const overlay = { ...delivery.overlay, ldap: { replicas, disk, moveAfter: '1m' } }
  return publish(delivery.repository, overlay, `${replicas} LDAP servers, disk: ${disk}`)
}

/** What an administrator does: the setting, synth, commit, push. Argo CD does the rest. */
const deliverServers = async (t: ExecutionContext, replicas: 1 | 3, disk: Disk): Promise<void> =>
  void (await settled(room, await commitServers(replicas, disk), t.log))

const claimClass = (ordinal: number): Promise<string> =>
  must(room, [
    'get',
    'pvc',
    `data-ldap-${ordinal}`,
    ...inDirectory,
    '-o',
    'jsonpath={.spec.storageClassName}',
  ])

const refusesDisk = async (): Promise<boolean> =>
  (await applicationsOf(room)).some(
    ({ name, complaint }) => name === 'directory' && /volumeClaimTemplates.*immutable/s.test(complaint),
  )

/** As docs/people.md has it: one server after the other begins anew on a disk of the other kind. */
async function changeDisks(t: ExecutionContext, disk: Disk): Promise<void> {
  const commit = await commitServers(3, disk)
  // Before it has seen the commit, Argo CD would make the former one anew.
  await refresh(room)
  await becomes('what Argo CD says of the commit', refusesDisk, true)
  await must(room, ['delete', 'statefulset', LDAP.service, ...inDirectory, '--cascade=orphan'])
  await settled(room, commit, t.log)
  for (const ordinal of [2, 1, 0]) {
    await becomes('the servers that are ready', ready, '3', { seconds: 300 })
    await must(room, ['delete', 'pvc', `data-ldap-${ordinal}`, ...inDirectory, '--wait=false'])
    await must(room, ['delete', 'pod', `ldap-${ordinal}`, ...inDirectory])
    await becomes(
      'the class of its claim',
      () => claimClass(ordinal),
      disk === 'pc' ? LDAP_DISK.storageClass : 'standard',
    )
  }
  await becomes('the servers that are ready', ready, '3', { seconds: 300 })
}

const ready = async (): Promise<string> =>
  (
    await room.run([
      'get',
      'statefulset',
      LDAP.service,
      ...inDirectory,
      '-o',
      'jsonpath={.status.readyReplicas}',
    ])
  ).stdout

/** The pod that takes the writes. */
const writer = (): Promise<string> =>
  must(room, [
    ...['get', 'endpointslice', LDAP.writer, ...inDirectory],
    ...['-o', 'jsonpath={.endpoints[0].targetRef.name}'],
  ])

const pcOf = (pod: string): Promise<string> =>
  must(room, ['get', 'pod', pod, ...inDirectory, '-o', 'jsonpath={.spec.nodeName}'])

/** What the login page answers; 0 where nobody answers within ten seconds. */
async function answerTo(login: string): Promise<number> {
  const browser = newBrowser(`https://127.0.0.1:${port}`)
  const headers = { host: DOOR_HOST, origin: `https://${DOOR_HOST}` }
  const asked = browser
    .post('/login', { login, password: people.get(login) ?? '' }, headers)
    .then(({ status }) => status)
    .catch(() => 0)
  return await Promise.race([asked, sleep(10_000, 0, { ref: false })])
}

/** Until somebody is let in, in seconds. */
const letIn = (login: string, patience = 240): Promise<number> =>
  becomes(`the answer to ${login}`, () => answerTo(login), 303, { seconds: patience })

/** Adds people one after the other until told; who was confirmed is noted, and when. */
async function addUntil(end: AbortSignal): Promise<readonly number[]> {
  const since = performance.now()
  const confirmed: number[] = []
  for (let n = 0; !end.aborted; n++) {
    const login = `p${n}-${mark}`
    try {
      people.set(login, passwordIn(await deskfleet(room, 'people', 'add', login)))
      confirmed.push((performance.now() - since) / 1000)
    } catch {
      // Not confirmed: nothing was promised. The next one has a name of their own.
      await sleep(500)
    }
  }
  return confirmed
}

async function everybodyIsThere(t: ExecutionContext): Promise<void> {
  const listed = await eventually('the list of people', () => deskfleet(room, 'people', 'list'))
  const missing = [...people.keys()].filter((login) => !new RegExp(`^${login}\\s`, 'm').test(listed))
  t.deepEqual(missing, [])
  const uids = [...listed.matchAll(/^\S+ +\S+ +(\d+) /gm)].map(([, uid]) => uid)
  t.true(uids.length >= people.size, listed)
  t.is(new Set(uids).size, uids.length, 'everybody has a number of their own')
}

test.serial(
  'from one server to three by a setting: everybody is there, and goes on being added',
  async (t) => {
    t.timeout(420_000)
    await letIn(EARLY)
    await deliverServers(t, 3, 'class')
    const took = await becomes('the servers that are ready', ready, '3', { seconds: 300 })
    t.log(`all three ready ${took.toFixed(0)} s after Argo CD was content`)
    await letIn(EARLY)
    await becomes('a server takes the writes', async () => /^ldap-\d$/.test(await writer()), true)
    const late = `late-${mark}`
    people.set(late, passwordIn(await addPerson(room, late)))
    await everybodyIsThere(t)
  },
)

test.serial(
  'from a StorageClass to folders of the PCs, one server after the other: everybody is there',
  async (t) => {
    t.timeout(600_000)
    const took = await secondsOf(() => changeDisks(t, 'pc'))
    t.log(`three servers on other disks in ${took.toFixed(0)} s`)
    await letIn(EARLY)
    await everybodyIsThere(t)
  },
)

test.serial('the PC of the server that writes loses power: logins and administrators go on', async (t) => {
  t.timeout(900_000)
  // The first master is spared: the way to the API leads over it.
  const first = room.pcs[0]?.name
  for (let was = await writer(); (await pcOf(was)) === first; was = await writer()) {
    await must(room, ['delete', 'pod', was, ...inDirectory, '--wait=false'])
    await becomes('another server writes', async () => (await writer()) !== was, true)
    await becomes('the servers that are ready', ready, '3', { seconds: 300 })
  }
  const was = await writer()
  const pc = await pcOf(was)
  const end = new AbortController()
  await room.pc.off(pc)
  const off = performance.now()
  const passed = (): string => ((performance.now() - off) / 1000).toFixed(1)
  const adding = addUntil(end.signal)
  try {
    const login = await letIn(EARLY)
    t.log(`${pc} with ${was} off: somebody is let in after ${login.toFixed(1)} s`)
    await becomes('another server writes', async () => (await writer()) !== was, true)
    t.log(`${await writer()} writes after ${passed()} s`)
    const known = people.size
    await becomes('people are added', () => people.size > known + 1, true, { seconds: 300 })
    t.log(`people are added again after ${passed()} s`)
    // Of all, since a login starts a desktop: the first, and one whom the former writer never knew.
    const [newest = ''] = [...people.keys()].slice(-1)
    t.is(await answerTo(newest), 303, newest)
    end.abort()
    t.log(`confirmed at ${(await adding).map((at) => at.toFixed(0)).join(', ')} s`)
    await becomes('the servers that are ready', ready, '3', { seconds: 300 })
    t.log(`three servers again after ${passed()} s, with ${was} on ${await pcOf(was)}`)
    t.not(await pcOf(was), pc)
    await everybodyIsThere(t)
  } finally {
    end.abort()
    await room.pc.on(pc)
  }
  await pcBecomes(room, pc, 'True')
  await everybodyIsThere(t)
})

test.serial('every PC loses power at once: when they are back, so is everybody', async (t) => {
  t.timeout(600_000)
  await Promise.all(room.pcs.map(({ name }) => room.pc.off(name)))
  const dark = await secondsOf(async () => {
    for (const { name } of room.pcs) await room.pc.on(name)
    await becomes('the servers that are ready', ready, '3', { seconds: 300, every: 1_000 })
  })
  t.log(`all three ready ${dark.toFixed(0)} s after the first PC was switched on`)
  t.log(`somebody is let in ${(await letIn(EARLY, 240)).toFixed(0)} s later`)
  await everybodyIsThere(t)
  const again = `again-${mark}`
  people.set(again, passwordIn(await addPerson(room, again)))
})

test.serial('from folders of the PCs back to a StorageClass: everybody is there', async (t) => {
  t.timeout(600_000)
  await changeDisks(t, 'class')
  await everybodyIsThere(t)
})

test.serial('from three servers to one by the setting: everybody is there', async (t) => {
  t.timeout(420_000)
  await deliverServers(t, 1, 'class')
  await becomes('the servers that are ready', ready, '1')
  await letIn(EARLY)
  await everybodyIsThere(t)
})

test.serial('the twin: with one server nobody logs in while its PC is off', async (t) => {
  t.timeout(420_000)
  // What three servers are for: else the tests above would hold without them.
  const first = room.pcs[0]?.name ?? ''
  await must(room, ['cordon', first])
  try {
    if ((await pcOf('ldap-0')) === first) {
      await must(room, ['delete', 'pod', 'ldap-0', ...inDirectory])
      await becomes('the servers that are ready', ready, '1')
    }
  } finally {
    await must(room, ['uncordon', first])
  }
  await letIn(EARLY)
  const pc = await pcOf('ldap-0')
  await room.pc.off(pc)
  try {
    await eventually('nobody is let in', async () => (await answerTo(EARLY)) !== 303)
    const since = performance.now()
    while (performance.now() - since < 30_000) {
      t.not(await answerTo(EARLY), 303)
      await sleep(2_000)
    }
  } finally {
    await room.pc.on(pc)
    await pcBecomes(room, pc, 'True')
  }
  t.log(`let in again ${(await letIn(EARLY)).toFixed(0)} s after ${pc} is back`)
})
