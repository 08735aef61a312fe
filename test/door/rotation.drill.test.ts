import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'
import test from 'ava'
import type { Browser } from 'playwright-core'
import { parse, stringify } from 'yaml'
import { AUTHORITY, NAMESPACES } from '../../config/names.ts'
import { VERSION } from '../../config/version.ts'
import { launchBrowser } from '../../lab/browser/browser.ts'
import { settled } from '../../lab/delivery/applications.ts'
import { type Delivery, DOOR_HOST, openDelivery, openDoor, publish } from '../../lab/delivery/deliver.ts'
import type { Room } from '../../lab/room/room.ts'
import { addPerson, deskfleet, must } from '../delivery/person.ts'
import { sharedRoom } from '../harness/room.ts'
import { enter, interrupted, picture } from '../harness/visitor.ts'
import { becomes } from '../harness/wait.ts'
import { admissionsWhile } from '../webhook/steady-admissions.ts'
import { passwordIn, podsOf } from './desktop-pod.ts'

/** Authorities change in a room in which somebody sits at a desktop and pods of people are made: `npm run drill`. */

const LOGIN = `rotated-${randomBytes(2).toString('hex')}`
const IMAGE = `registry.room.example.org:5000/deskfleet:${VERSION}`
/** Seconds; longer than the three minutes after which the gateway shows desktops what it told them of. */
const DELAY = 240

let room: Room
let delivery: Delivery
let browser: Browser

test.before(async (t) => {
  t.timeout(600_000)
  room = await sharedRoom()
  delivery = await openDelivery(room)
  browser = await launchBrowser(DOOR_HOST, await openDoor(room), t.log)
  await settled(room, await quickerKeeper(), t.log)
})

test.after.always(async (t) => {
  t.timeout(300_000)
  await browser?.close()
  if (delivery)
    await settled(room, await publish(delivery.repository, delivery.overlay, 'The usual keeper'), t.log)
})

/** Commits a keeper that waits for minutes where the usual one waits for ten. */
function quickerKeeper(): Promise<string> {
  const { repository } = delivery
  const file = `dist/certificates/Deployment.${NAMESPACES.system}.${AUTHORITY.keeper}.yaml`
  const path = join(repository.folder, file)
  const deployment = parse(readFileSync(path, 'utf8'))
  deployment.spec.template.spec.containers[0].env.push(
    ...['SOAK', 'SETTLE'].map((time) => ({ name: `DESKFLEET_${time}_SECONDS`, value: String(DELAY) })),
  )
  writeFileSync(path, stringify(deployment))
  return repository.commit('A keeper that waits for minutes')
}

const status = async () => JSON.parse(await deskfleet(room, 'certificates', 'status', '-o', 'json'))
/** The key that the door shows to who trusts the room's root alone, and nobody else. */
async function keyAtDoor(): Promise<string> {
  const path = 'jsonpath={.data.ca\\.crt}'
  const map = ['get', 'configmap', AUTHORITY.doorRootConfigMap, '-n', NAMESPACES.system, '-o', path]
  const ca = await must(room, map)
  const socket = connect({ host: '127.0.0.1', port: await openDoor(room), servername: DOOR_HOST, ca })
  try {
    await once(socket, 'secureConnect')
    return String(socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'pem' }))
  } finally {
    socket.destroy()
  }
}

test('another authority inside, and at the door: who sits at a desktop notices nothing', async (t) => {
  t.timeout(2_400_000)
  const password = passwordIn(await addPerson(room, LOGIN))
  const uid = Number(await must(room, ['get', 'identity', LOGIN, '-o', 'jsonpath={.spec.uid}']))
  const context = await browser.newContext()
  const page = await enter(context, LOGIN, password, 'light')
  await picture(page)
  const namesOf = async () => (await podsOf(room, LOGIN)).map(({ name }) => name)
  const pods = await namesOf()
  let cut = false
  void interrupted(page).then(
    () => {
      cut = true
    },
    () => {},
  )
  const phases: string[] = []
  const { asked, failed } = await admissionsWhile(
    room.kubeconfig,
    { login: LOGIN, uid, image: IMAGE, rate: 10 },
    async () => {
      await deskfleet(room, 'certificates', 'rotate', 'inside')
      const over = async (): Promise<boolean> => {
        const { rotation, askedFor } = await status()
        if (phases.at(-1) !== rotation) phases.push(rotation)
        return phases.length > 2 && rotation === 'steady' && askedFor.length === 0
      }
      t.log(
        `inside, ${(await becomes('the rotation is over', over, true, { seconds: 1_500, every: 2_000 })).toFixed(0)} s`,
      )
    },
  )
  t.log(`phases: ${phases.join(', ')}; ${asked} pods asked about, ${failed.length} refused`)
  t.log(await deskfleet(room, 'certificates', 'status'))
  t.deepEqual(failed.slice(0, 5), [])
  t.false(cut, 'the picture was there all the time')
  await picture(page, 5_000)
  t.deepEqual(await namesOf(), pods, 'the same desktop')
  // Whoever comes now does so by the new one throughout: gateway, webhook, desktop.
  await page.reload()
  await picture(page)
  await must(room, ['delete', 'pod', ...pods, '-n', NAMESPACES.desktops, '--wait=false'])
  await becomes('another pod', async () => (await namesOf()).join() !== pods.join(), true)
  await picture(page)

  // This browser trusts the one key that was shown when it began, so it must not ask anew from here on.
  const before = await keyAtDoor()
  await deskfleet(room, 'certificates', 'rotate', 'door')
  await becomes('the door shows another key', async () => (await keyAtDoor()) !== before, true)
  await picture(page, 5_000)
})
