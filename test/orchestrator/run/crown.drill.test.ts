import { randomBytes } from 'node:crypto'
import test from 'ava'
import type { Browser, Page } from 'playwright-core'
import { NEVER_MASTER } from '../../../config/labels.ts'
import { settled } from '../../../lab/delivery/applications.ts'
import { openDelivery, publish } from '../../../lab/delivery/deliver.ts'
import type { Room } from '../../../lab/room/room.ts'
import { must } from '../../delivery/person.ts'
import { newPersonAtDesktop } from '../../door/at-desktop.ts'
import { runningPod } from '../../door/desktop-pod.ts'
import { pcBecomes, sharedRoom } from '../../harness/room.ts'
import { interrupted, picture } from '../../harness/visitor.ts'
import { becomes, eventually } from '../../harness/wait.ts'
import { courseOf, guardOf } from './guard-of.ts'

/**
 * A master loses power, and nobody touches anything. A real kubeadm in a real room, people at their desktops: one on a PC that
 * stays, one on the PC that is crowned.
 */

const name = (of: string): string => `${of}-${randomBytes(2).toString('hex')}`
const [STAYS, MOVES] = [name('grace'), name('alan')]

let room: Room
const browsers: Browser[] = []
let stays: Page
let moves: Page

test.before(async (t) => {
  t.timeout(1_200_000)
  room = await sharedRoom()
  const delivery = await openDelivery(room)
  const masters = { ...Object(delivery.overlay.masters), deadAfter: '1m' }
  const commit = await publish(
    delivery.repository,
    { ...delivery.overlay, masters },
    'A master is dead after a minute',
  )
  await settled(room, commit)
  await eventually('the orchestrator looks', async () => (await guardOf(room)) !== undefined, {
    seconds: 180,
  })
  const [first, second] = of('worker')
  // One desktop on the PC that can be crowned, one on a master that stays.
  await must(room, ['label', 'node', second ?? '', `${NEVER_MASTER}=true`, '--overwrite'])
  moves = await personOn(MOVES, [first ?? ''], t.log)
  stays = await personOn(STAYS, [of('master')[0] ?? ''], t.log)
})

test.after.always(async () => {
  for (const browser of browsers) await browser.close()
  for (const { name } of room?.pcs ?? []) await room.pc.on(name)
})

const of = (role: 'master' | 'worker'): string[] =>
  room.pcs.filter((pc) => pc.role === role).map(({ name }) => name)

/** Somebody at a desktop that runs on one of those PCs. */
async function personOn(login: string, pcs: readonly string[], log: (line: string) => void): Promise<Page> {
  const others = room.pcs.map((pc) => pc.name).filter((pc) => !pcs.includes(pc))
  for (const pc of others) await must(room, ['cordon', pc])
  try {
    const { browser, page } = await newPersonAtDesktop(room, login, log)
    browsers.push(browser)
    return page
  } finally {
    for (const pc of others) await must(room, ['uncordon', pc])
  }
}

const voters = async (): Promise<string> =>
  [...(await room.etcd())]
    .filter(([, part]) => part === 'voter' || part === 'leader')
    .map(([pc]) => pc)
    .sort()
    .join()

let crowned = ''
const victim = (): string => of('master')[2] ?? ''

test.serial('a master loses power, and a worker is crowned in its place, by nobody’s hand', async (t) => {
  t.timeout(1_200_000)
  const before = (await guardOf(room))?.record.history.length ?? 0
  const [heir = ''] = of('worker')
  const desktop = await runningPod(room, STAYS)
  let broken = false
  void interrupted(stays).then(() => (broken = true))
  const off = Date.now()
  await room.pc.off(victim())
  const { ended, course } = await courseOf(room, before, 900, t.log)
  t.like(ended, { kind: 'Replace', leaving: [victim()], heir, failed: undefined })
  crowned = ended.heir ?? ''
  for (const [phase, at] of course) t.log(`${phase} ${((at - off) / 1_000).toFixed(0)} s`)
  t.log(`all in all ${((ended.ended - off) / 1_000).toFixed(0)} s`)
  t.is(await voters(), [...of('master').slice(0, 2), heir].sort().join())
  t.is((await room.seen()).get(heir)?.role, 'master')
  // Where the gateway's pod stood on a PC that died or was emptied, the tab reconnects; the desktop runs on.
  t.is((await runningPod(room, STAYS)).name, desktop.name)
  await picture(stays)
  t.log(`the tab of the desktop elsewhere ${broken ? 'reconnected' : 'noticed nothing'}`)
  await picture(moves, 120_000)
  t.not((await runningPod(room, MOVES)).phase, 'Pending')
})

test.serial('the old master comes back, and is a worker', async (t) => {
  t.timeout(900_000)
  await room.pc.on(victim())
  await pcBecomes(room, victim(), 'True')
  await becomes('its role', async () => (await room.seen()).get(victim())?.role ?? '', 'worker')
  await eventually(
    'nothing goes on',
    async () => {
      const record = (await guardOf(room))?.record
      return record !== undefined && record.operation === undefined && record.deposed.length === 0
    },
    { seconds: 300, every: 2_000 },
  )
  t.is(await voters(), [...of('master').slice(0, 2), crowned].sort().join())
})

test.serial('all PCs are off and on at once: nobody is crowned', async (t) => {
  t.timeout(1_200_000)
  const before = await voters()
  const count = (await guardOf(room))?.record.history.length ?? 0
  await Promise.all(room.pcs.map((pc) => room.pc.off(pc.name)))
  await Promise.all(room.pcs.map((pc) => room.pc.on(pc.name)))
  for (const pc of room.pcs) await pcBecomes(room, pc.name, 'True')
  await eventually(
    'the orchestrator looks again, and all is well',
    async () => {
      const record = (await guardOf(room))?.record
      return record !== undefined && Object.keys(record.sick).length === 0 && record.operation === undefined
    },
    { seconds: 400, every: 2_000 },
  )
  t.is(await voters(), before)
  t.is((await guardOf(room))?.record.history.length, count)
})
