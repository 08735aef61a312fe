import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import {
  GLUSTER,
  HOME_READY,
  homeClaim,
  homeVolume,
  NAMESPACES,
  SHARED_CLAIM,
  WEBHOOK,
} from '../../config/names.ts'
import { applicationsOf, refresh, settled } from '../../lab/delivery/applications.ts'
import { ARGO_CD_NAMESPACE } from '../../lab/delivery/argo-cd.ts'
import { type Delivery, openDelivery, publish, render } from '../../lab/delivery/deliver.ts'
import type { Room } from '../../lab/room/room.ts'
import { sharedRoom } from '../harness/room.ts'
import { becomes } from '../harness/wait.ts'
import { addPerson, inPod, must, plainPod } from './person.ts'

/** What Argo CD makes of mistakes: changes by hand, commits that are refused, apps that leave the list. */

let room: Room
let delivery: Delivery

const there = async (...what: string[]): Promise<string> =>
  (await room.run(['get', ...what, '--ignore-not-found', '-o', 'name'])).stdout.trim() === ''
    ? 'gone'
    : 'there'

test.before(async (t) => {
  t.timeout(600_000)
  room = await sharedRoom()
  delivery = await openDelivery(room)
})

test.serial('a caBundle in Git would be seen: that is why none is ever rendered', async (t) => {
  t.timeout(300_000)
  const file = join(
    delivery.repository.folder,
    'dist/webhook',
    `MutatingWebhookConfiguration.${WEBHOOK.configuration}.yaml`,
  )
  const good = readFileSync(file, 'utf8')
  // Valid, and not the webhook's own.
  const authority = await must(room, [
    'get',
    'configmap',
    'kube-root-ca.crt',
    '-n',
    'default',
    '-o',
    'jsonpath={.data.ca\\.crt}',
  ])
  const foreign = good.replace(
    /^( *)clientConfig:\n/m,
    `$&$1  caBundle: ${Buffer.from(authority).toString('base64')}\n`,
  )
  t.not(foreign, good)
  writeFileSync(file, foreign)
  const commit = await delivery.repository.commit('A caBundle, rendered')
  const seen = async (): Promise<string> => {
    await must(room, [
      'annotate',
      'application',
      'webhook',
      '-n',
      ARGO_CD_NAMESPACE,
      '--overwrite',
      'argocd.argoproj.io/refresh=normal',
    ])
    const [app] = (await applicationsOf(room)).filter(({ name }) => name === 'webhook')
    return app?.revision === commit && app.sync === 'OutOfSync' ? 'drift' : `${app?.sync}`
  }
  t.log(
    `drift seen after ${(await becomes('what Argo CD sees', seen, 'drift', { seconds: 120 })).toFixed(0)} s`,
  )
  writeFileSync(file, good)
  await settled(room, await delivery.repository.commit('No caBundle'), t.log)
})

test.serial('what somebody changes by hand is undone', async (t) => {
  t.timeout(300_000)
  const replicas = (): Promise<string> =>
    must(room, ['get', 'deployment', 'webhook', '-n', NAMESPACES.system, '-o', 'jsonpath={.spec.replicas}'])
  await must(room, ['scale', 'deployment', 'webhook', '-n', NAMESPACES.system, '--replicas=1'])
  t.log(
    `two replicas again after ${(await becomes('the replicas', replicas, '2', { seconds: 120 })).toFixed(0)} s`,
  )
  await must(room, ['delete', 'service', 'webhook', '-n', NAMESPACES.system])
  t.log(
    `the deleted Service is back after ${(await becomes('the deleted Service', () => there('service', 'webhook', '-n', NAMESPACES.system), 'there', { seconds: 120 })).toFixed(0)} s`,
  )
  await settled(room, (await delivery.repository.git('rev-parse', 'HEAD')).trim())
  t.is(await replicas(), '2')
})

test.serial('a commit that the API server refuses is told, and its mend needs nobody’s help', async (t) => {
  t.timeout(300_000)
  const folder = join(delivery.repository.folder, 'dist/webhook')
  const good = readFileSync(join(folder, 'Service.deskfleet-system.webhook.yaml'), 'utf8')
  // A new object: what is wrong in one that exists is seen when it is compared, and never tried.
  const file = join(folder, 'Service.deskfleet-system.beside.yaml')
  const beside = good.replace(/^ {2}name: webhook$/m, '  name: beside')
  writeFileSync(file, beside.replace(/port: 443$/m, 'port: 99443'))
  await delivery.repository.commit('A port that is none')
  const told = async (): Promise<string> => {
    await refresh(room)
    const [app] = (await applicationsOf(room)).filter(({ name }) => name === 'webhook')
    return /99443/.test(app?.complaint ?? '') ? 'told' : `${app?.sync} ${app?.complaint}`
  }
  t.log(`told after ${(await becomes('what Argo CD tells', told, 'told', { seconds: 120 })).toFixed(0)} s`)
  writeFileSync(file, beside)
  await settled(room, await delivery.repository.commit('The port mended'), () => {}, 120_000)
  const service = ['service', 'beside', '-n', NAMESPACES.system]
  t.is(await there(...service), 'there')
  rmSync(file)
  await settled(room, await delivery.repository.commit('Without it'))
  t.is(await there(...service), 'gone')
})

test.serial('an app leaves the list: its programs go, and nothing that people made', async (t) => {
  t.timeout(600_000)
  await addPerson(room, 'grace')
  const image = delivery.images.deskfleet ?? ''
  await inPod(room, plainPod('before', 'grace', image), 'echo mine >~/kept && echo all >/mnt/shared/kept')
  await must(room, ['delete', 'pod', 'before', '-n', NAMESPACES.desktops, '--now', '--wait'])
  const uuid = await must(room, ['get', 'identity', 'grace', '-o', 'jsonpath={.spec.entryUUID}'])

  // Both leave by somebody who removes their files.
  render(delivery.repository, delivery.overlay)
  for (const app of ['storage', 'directory']) {
    rmSync(join(delivery.repository.folder, 'dist', app), { recursive: true })
    rmSync(join(delivery.repository.folder, `dist/delivery/Application.argocd.${app}.yaml`))
  }
  await delivery.repository.commit('Without storage and without LDAP')
  await refresh(room)
  for (const app of ['storage', 'directory']) {
    await becomes(`the Application ${app}`, () => there('application', app, '-n', ARGO_CD_NAMESPACE), 'gone')
  }
  for (const program of ['deployment/homes', 'daemonset/home-mounter'])
    t.is(await there(program, '-n', NAMESPACES.storage), 'gone', program)

  const desktops = ['-n', NAMESPACES.desktops]
  t.is(await there('pv', homeVolume('grace')), 'there')
  t.is(await there('pvc', homeClaim('grace'), ...desktops), 'there')
  t.is(await there('pvc', SHARED_CLAIM, ...desktops), 'there')
  t.is(await there('namespace', NAMESPACES.storage), 'there')
  t.is(await there('identity', 'grace'), 'there')
  t.is(await there('statefulset', 'ldap', '-n', NAMESPACES.directory), 'there')
  t.not(await must(room, ['get', 'pvc', '-n', NAMESPACES.directory, '-o', 'name']), '')
  for (const [file, text] of [
    [`homes/${uuid}/kept`, 'mine'],
    ['shared/kept', 'all'],
  ] as const)
    t.deepEqual(await onDisks(file), [text, text, text], file)

  const commit = await publish(delivery.repository, delivery.overlay, 'As cluster.yaml says again')
  await settled(room, commit, t.log)
  await must(room, ['wait', `--for=condition=${HOME_READY}`, 'identity/grace', '--timeout=60s'])
  t.is(await inPod(room, plainPod('after', 'grace', image), 'cat ~/kept /mnt/shared/kept'), 'mine\nall\n')
  await must(room, ['delete', 'pod', 'after', ...desktops, '--now', '--wait'])
})

/** What the disks of the PCs have of a file, past Gluster; those that have none say nothing. */
async function onDisks(file: string): Promise<string[]> {
  const look = `cat ${GLUSTER.brick}/data/${file} 2>/dev/null || true`
  const read = ({ name }: { readonly name: string }): Promise<string> =>
    room.machine.must(['podman', 'exec', name, 'sh', '-c', look])
  const found = await Promise.all(room.pcs.map(read))
  return found.map((text) => text.trim()).filter((text) => text !== '')
}
