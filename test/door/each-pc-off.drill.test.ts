import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import type { Browser, Page } from 'playwright-core'
import { parse, stringify } from 'yaml'
import { NAMESPACES } from '../../config/names.ts'
import { VERSION } from '../../config/version.ts'
import { launchBrowser } from '../../lab/browser/browser.ts'
import { refresh, settled } from '../../lab/delivery/applications.ts'
import { type Delivery, DOOR_HOST, openDelivery, openDoor, publish } from '../../lab/delivery/deliver.ts'
import type { Room } from '../../lab/room/room.ts'
import { addPerson, deskfleet, must, plainPod } from '../delivery/person.ts'
import { newBrowser } from '../gateway/browser.ts'
import { pcBecomes, sharedRoom } from '../harness/room.ts'
import { enter, picture } from '../harness/visitor.ts'
import { becomes } from '../harness/wait.ts'
import { passwordIn } from './desktop-pod.ts'

/**
 * Each PC of a room with three LDAP servers loses power, one after the other: what people and administrators do is tried
 * again and again meanwhile, and a table tells after how long each goes on. Takes half an hour: `npm run drill`.
 */

const mark = randomBytes(2).toString('hex')
const IMAGE = `registry.room.example.org:5000/deskfleet:${VERSION}`
/** Seconds for which a PC stays off, at least: until everything has been tried well after all has moved. */
const OFF = 100
/** After so many seconds an attempt has failed. */
const PATIENCE = 30

let room: Room
let delivery: Delivery
let port: number
let browser: Browser
const passwords = new Map<string, string>()

/** Something that people or administrators do, from its begin to its success. */
interface Deed {
  readonly name: string
  attempt(): Promise<unknown>
}

test.before(async (t) => {
  t.timeout(900_000)
  room = await sharedRoom()
  delivery = await openDelivery(room)
  port = await openDoor(room)
  const overlay = { ...delivery.overlay, ldap: { replicas: 3 } }
  await settled(room, await publish(delivery.repository, overlay, 'Three LDAP servers'), t.log)
  await becomes('the LDAP servers that are ready', serversReady, '3')
  for (const login of ['viewer', 'visitor', 'changer', ...room.pcs.map((_, index) => `starter${index}`)])
    await person(`${login}-${mark}`)
  browser = await launchBrowser(DOOR_HOST, port, t.log)
})

test.after.always(async () => {
  await browser?.close()
  for (const { name } of room?.pcs ?? []) await room.pc.on(name)
})

async function person(login: string): Promise<void> {
  passwords.set(login, passwordIn(await addPerson(room, login)))
}

const serversReady = (): Promise<string> =>
  must(room, [
    ...['get', 'statefulset', 'ldap', '-n', NAMESPACES.directory],
    ...['-o', 'jsonpath={.status.readyReplicas}'],
  ])

const HEADERS = { host: DOOR_HOST, origin: `https://${DOOR_HOST}` }

async function loggedIn(login: string, password = passwords.get(login) ?? '') {
  const one = newBrowser(`https://127.0.0.1:${port}`)
  const { status } = await one.post('/login', { login, password }, HEADERS)
  if (status !== 303) throw new Error(`the login page answers ${status}`)
  return one
}

/** A new password of one's own. Whichever of the two holds after an attempt that was not answered. */
async function changePassword(login: string): Promise<void> {
  const [before = '', maybe] = (passwords.get(login) ?? '').split('\n')
  const [one, held] = await loggedIn(login, before)
    .then((found) => [found, before] as const)
    .catch(async (error) => {
      if (maybe === undefined) throw error
      return [await loggedIn(login, maybe), maybe] as const
    })
  const after = `new ${randomBytes(8).toString('hex')}`
  passwords.set(login, `${held}\n${after}`)
  await one.get('/password', { host: DOOR_HOST })
  const { status, headers } = await one.post('/password', { before: held, after, again: after }, HEADERS)
  if (status !== 303 || !headers.location?.includes('changed')) throw new Error(`answered ${status}`)
  passwords.set(login, after)
}

/** A commit that changes something of the cluster, until it is there. */
async function deliverCommit(): Promise<void> {
  const path = 'dist/namespaces/PriorityClass.deskfleet-background.yaml'
  const file = join(delivery.repository.folder, path)
  const object = parse(readFileSync(file, 'utf8'))
  const at = String(Date.now())
  object.metadata.annotations = { ...object.metadata.annotations, 'example.org/at': at }
  writeFileSync(file, stringify(object))
  await delivery.repository.commit(`Tried at ${at}`)
  await refresh(room)
  const there = ['get', 'priorityclass', object.metadata.name]
  const live = async (): Promise<string> =>
    must(room, [...there, '-o', 'jsonpath={.metadata.annotations.example\\.org/at}', '--request-timeout=5s'])
  await becomes('the commit', live, at, { seconds: PATIENCE, every: 500 })
}

async function startDesktop(login: string): Promise<void> {
  const context = await browser.newContext()
  try {
    await picture(await enter(context, login, passwords.get(login) ?? '', 'light'), PATIENCE * 1_000)
  } finally {
    await context.close()
  }
}

const deedsFor = (view: Page, index: number): readonly Deed[] => {
  let added = 0
  return [
    { name: 'log in', attempt: () => loggedIn(`visitor-${mark}`) },
    { name: 'see the screen', attempt: () => picture(view, 1_000) },
    { name: 'start a desktop', attempt: () => startDesktop(`starter${index}-${mark}`) },
    { name: 'change a password', attempt: () => changePassword(`changer-${mark}`) },
    {
      name: 'add somebody',
      attempt: () => deskfleet(room, 'people', 'add', `p${index}x${added++}-${mark}`),
    },
    {
      name: 'a pod is admitted',
      attempt: () =>
        must(
          room,
          ['create', '--dry-run=server', '-f', '-', '--request-timeout=10s'],
          JSON.stringify(plainPod('asked', `visitor-${mark}`, IMAGE)),
        ),
    },
    { name: 'a commit is delivered', attempt: deliverCommit },
  ]
}

/** How something went while a PC was off. */
interface Course {
  readonly deed: string
  readonly tries: number
  readonly failed: number
  /** Seconds after the power was cut at which it had succeeded for good. */
  readonly goesOn: number | undefined
  readonly said: string
}

/** Tries it again and again until the time is over and it goes on, or twice that time. */
async function follow({ name, attempt }: Deed, since: number): Promise<Course> {
  const passed = (): number => (performance.now() - since) / 1_000
  let [tries, failed, said]: [number, number, string] = [0, 0, '']
  let goesOn: number | undefined
  while (passed() < OFF || (goesOn === undefined && passed() < 2 * OFF)) {
    tries++
    const ended = new AbortController()
    try {
      const late = sleep(PATIENCE * 1_000, undefined, { signal: ended.signal }).then(() => {
        throw new Error(`no answer in ${PATIENCE} s`)
      })
      await Promise.race([attempt(), late])
      goesOn ??= passed()
    } catch (error) {
      failed++
      goesOn = undefined
      said = String(error).split('\n').slice(0, 2).join(' ').slice(0, 120)
    }
    ended.abort()
    await sleep(300)
  }
  return { deed: name, tries, failed, goesOn, said }
}

/** What runs on a PC that there is once. */
async function carries(pc: string): Promise<string> {
  const text = await must(room, [
    ...['get', 'pods', '-A', '--field-selector', `spec.nodeName=${pc}`],
    ...['-o', 'jsonpath={range .items[*]}{.metadata.name}{"\\n"}{end}'],
  ])
  const writer = await must(room, [
    ...['get', 'endpointslice', 'ldap-rw', '-n', NAMESPACES.directory],
    ...['-o', 'jsonpath={.endpoints[0].targetRef.name}'],
  ])
  const door = await room.machine.must(['podman', 'exec', pc, 'ip', '-4', '-o', 'address'])
  const pods = text.split('\n')
  const has = (begin: string, name: string): string[] =>
    pods.some((pod) => pod.startsWith(begin)) ? [name] : []
  return [
    ...has('kube-apiserver', 'master'),
    ...(door.includes(delivery.overlay.hosts ? doorAddress() : '-') ? ['the door'] : []),
    ...pods.filter((pod) => /^ldap-\d$/.test(pod)).map((pod) => (pod === writer ? `${pod} (writes)` : pod)),
    ...has('argocd-application-controller', 'Argo CD'),
    ...has('identity-sync', 'identity-sync'),
    ...has('homes-', 'homes'),
    ...has(`desktop-viewer-${mark}`, 'the desktop that is looked at'),
  ].join(', ')
}

const doorAddress = (): string => {
  const { address } = delivery.overlay.hosts as { readonly address: string }
  return address
}

const told = ({ goesOn, failed }: Course): string =>
  goesOn === undefined ? 'not while it is off' : failed === 0 ? 'without a failure' : `${goesOn.toFixed(0)} s`

async function oneOff(t: ExecutionContext, view: Page, index: number): Promise<string> {
  const pc = room.pcs[index]?.name ?? ''
  const what = await carries(pc)
  await room.pc.off(pc)
  const since = performance.now()
  const courses = await Promise.all(deedsFor(view, index).map((deed) => follow(deed, since)))
  await room.pc.on(pc)
  await pcBecomes(room, pc, 'True')
  await becomes('the LDAP servers that are ready', serversReady, '3')
  for (const one of courses)
    t.log(`${pc}: ${one.deed}: ${told(one)}, ${one.failed} of ${one.tries} failed ${one.said}`)
  return `| ${pc}: ${what} | ${courses.map(told).join(' | ')} |`
}

test.serial('whichever PC is off, everything goes on', async (t) => {
  t.timeout(3_000_000)
  const view = await enter(
    await browser.newContext(),
    `viewer-${mark}`,
    passwords.get(`viewer-${mark}`) ?? '',
    'light',
  )
  await picture(view)
  const deeds = deedsFor(view, 0).map(({ name }) => name)
  const lines = [`| off | ${deeds.join(' | ')} |`, `| --- |${' --- |'.repeat(deeds.length)}`]
  for (const index of room.pcs.keys()) lines.push(await oneOff(t, view, index))
  const folder = join(import.meta.dirname, '..', '..', '.test')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'each-pc-off.md'), `${lines.join('\n')}\n`)
  for (const line of lines) t.log(line)
  t.notRegex(lines.join('\n'), /not while/)
})
