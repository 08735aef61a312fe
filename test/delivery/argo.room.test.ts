import test from 'ava'
import { NAMESPACES, WEBHOOK } from '../../config/names.ts'
import { type AppState, applicationsOf, settled } from '../../lab/delivery/applications.ts'
import { ARGO_CD_NAMESPACE } from '../../lab/delivery/argo-cd.ts'
import { type Delivery, openDelivery, publish } from '../../lab/delivery/deliver.ts'
import type { Room } from '../../lab/room/room.ts'
import { sharedRoom } from '../harness/room.ts'
import { becomes } from '../harness/wait.ts'
import { must } from './person.ts'

const APPS = [
  ...['certificates', 'deskfleet', 'desktops', 'directory', 'door', 'gateway', 'identity', 'namespaces'],
  ...['orchestrator', 'packet-filter', 'secrets', 'storage', 'webhook'],
]

let room: Room
let delivery: Delivery

/** What Argo CD calls different from Git. How healthy it is at this moment is another question. */
const drifted = (apps: readonly AppState[]): string =>
  apps
    .filter(({ sync }) => sync === 'OutOfSync')
    .map(({ name, sync, health, complaint }) => `${name} ${sync} ${health} ${complaint}`)
    .join('; ')

/** Argo CD compares everything anew, nothing from its cache, and takes the request away when it has. */
async function refreshHard(): Promise<void> {
  const what = ['applications', '-n', ARGO_CD_NAMESPACE, '--all']
  await must(room, ['annotate', ...what, '--overwrite', 'argocd.argoproj.io/refresh=hard'])
  const asked = async (): Promise<string> =>
    must(room, [
      'get',
      'applications',
      '-n',
      ARGO_CD_NAMESPACE,
      '-o',
      'jsonpath={.items[*].metadata.annotations.argocd\\.argoproj\\.io/refresh}',
    ])
  await becomes('what is still asked of Argo CD', asked, '')
}

const caBundle = (): Promise<string> =>
  must(room, [
    'get',
    'mutatingwebhookconfiguration',
    WEBHOOK.configuration,
    '-o',
    'jsonpath={.webhooks[0].clientConfig.caBundle}',
  ])

test.before(async (t) => {
  t.timeout(600_000)
  room = await sharedRoom()
  delivery = await openDelivery(room)
})

test.serial('from nothing to all Synced and Healthy, the list handed over last app first', async (t) => {
  const apps = await settled(room, delivery.commit, t.log)
  t.deepEqual(apps.map(({ name }) => name).sort(), APPS)
})

test.serial(
  'no drift, three whole looks long: after admission, defaults, and a rewritten caBundle',
  async (t) => {
    t.timeout(300_000)
    const published = await caBundle()
    t.not(published, '')
    for (const round of [1, 2, 3]) {
      if (round === 2) {
        const patch = JSON.stringify([{ op: 'remove', path: '/webhooks/0/clientConfig/caBundle' }])
        await must(room, [
          'patch',
          'mutatingwebhookconfiguration',
          WEBHOOK.configuration,
          '--type=json',
          '-p',
          patch,
        ])
        await becomes('caBundle', caBundle, published, { seconds: 120 })
      }
      await refreshHard()
      t.is(drifted(await applicationsOf(room)), '', `look ${round}`)
      await settled(room, delivery.commit, t.log)
    }
    t.is(await caBundle(), published, 'its owner still has it')
  },
)

test.serial(
  'a setting is changed: synth, commit, push, and it is live, without anybody asking Argo CD',
  async (t) => {
    t.timeout(300_000)
    const commit = await publish(
      delivery.repository,
      { ...delivery.overlay, desktops: { atMost: 7 } },
      'Seven desktops at most',
    )
    const pods = (): Promise<string> =>
      must(room, [
        'get',
        'resourcequota',
        'desktops',
        '-n',
        NAMESPACES.desktops,
        '-o',
        'jsonpath={.spec.hard.pods}',
      ])
    t.log(
      `live ${(await becomes('the number of pods', pods, '14', { seconds: 120 })).toFixed(0)} s after the push`,
    )
    t.is(await pods(), '14')
    await settled(room, commit)
  },
)
