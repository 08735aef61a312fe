import test from 'ava'
import { volumeProofs } from '../../charts/identity/volumes.ts'
import {
  COPIES,
  homeParent,
  LDAP_DISK,
  NAMESPACES,
  SHARED_PARENT,
  STORAGE,
  serviceVolume,
} from '../../config/names.ts'
import { applyFolder } from '../../lab/manifests/apply.ts'
import { renderWith } from '../../lab/manifests/render.ts'
import { becomes } from '../harness/wait.ts'
import { type ProofLab, proofLab } from './proof-lab.ts'

/** Where volumes may lead, by who makes them. */

let proofs: ProofLab
const ROOM = { kind: 'room', address: '10.96.0.40' } as const
const HOMES = ['--as', `system:serviceaccount:${NAMESPACES.storage}:${STORAGE.homes}`]
const DISKS = ['--as', `system:serviceaccount:${NAMESPACES.directory}:${LDAP_DISK.program}`]

const volume = (path: string, claim: string, namespace: string = NAMESPACES.desktops) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: 'tried' },
  spec: {
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteMany'],
    persistentVolumeReclaimPolicy: 'Retain',
    claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name: claim },
    hostPath: { path },
  },
})

test.before(async () => {
  proofs = await proofLab()
  const { must, create, lab } = proofs
  // As in a room that has its registry and its Git server itself.
  const delivery = { repository: `https://${ROOM.address}/deskfleet.git` }
  renderWith(JSON.stringify({ sources: ROOM, delivery }), `${lab.dir}/own-sources`)
  const problems = await applyFolder(lab, `${lab.dir}/own-sources/identity`)
  if (problems.length > 0) throw new Error(problems.join('\n'))
  const roles = [
    'create',
    'clusterrole',
    'volumes',
    '--verb=create,patch,delete',
    '--resource=persistentvolumes',
  ]
  await must(roles)
  for (const [name, user] of [
    ['volumes', HOMES[1]],
    ['folders', DISKS[1]],
  ])
    await must(['create', 'clusterrolebinding', `${name}`, '--clusterrole=volumes', `--user=${user}`])
  await becomes('the policy acts', async () => (await create(volume('/etc', 'home-ada'), ...HOMES)).code, 1, {
    seconds: 60,
    every: 500,
  })
})
test.after.always(() => proofs?.lab.down())

test.serial('every policy on volumes is accepted with clean types', async (t) => {
  for (const { name } of volumeProofs({ sources: ROOM })) {
    const { status } = JSON.parse(await proofs.must(['get', 'validatingadmissionpolicy', name, '-o', 'json']))
    t.deepEqual(status?.typeChecking, {}, `${name}: ${JSON.stringify(status)}`)
  }
})

test.serial('homes makes volumes of its own places alone', async (t) => {
  for (const path of [
    '/',
    '/etc',
    `${homeParent('ada')}/..`,
    homeParent(''),
    STORAGE.run,
    '/srv/deskfleet',
  ]) {
    const { stderr } = await proofs.create(volume(path, 'home-ada'), ...HOMES)
    t.regex(stderr, /alone, not of|must not contain|choose a path outside/, path)
  }
  const other = { ...volume('/x', 'home-ada').spec, hostPath: undefined, nfs: { server: 'x', path: '/' } }
  const { stderr } = await proofs.create({ ...volume('/x', 'home-ada'), spec: other }, ...HOMES)
  t.regex(stderr, /not of another kind/)
  for (const [path, claim, namespace] of [
    [homeParent('bob'), 'home-ada'],
    [SHARED_PARENT, 'home-ada'],
    [homeParent('ada'), 'home-ada', 'default'],
  ] as const) {
    t.regex((await proofs.create(volume(path, claim, namespace), ...HOMES)).stderr, /for the claim of that/)
  }
  for (const [path, claim] of [
    [homeParent('ada'), 'home-ada'],
    [homeParent('grace-hopper--5d41402a'), 'home-grace-hopper--5d41402a'],
    [SHARED_PARENT, 'shared'],
  ] as const) {
    const made = await proofs.create(volume(path, claim), ...HOMES)
    t.is(made.code, 0, made.stderr)
  }
})

test.serial('homes removes volumes of homes alone', async (t) => {
  const { must, lab } = proofs
  const named = (name: string) => ({ ...volume('/srv/mine', 'mine'), metadata: { name } })
  for (const name of ['of-somebody', 'deskfleet-home-gone']) await must(['create', '-f', '-'], named(name))
  const refused = await lab.run(['delete', 'pv', 'of-somebody', ...HOMES])
  t.regex(refused.stderr, /removes volumes of homes alone, not of-somebody/)
  const gone = await lab.run(['delete', 'pv', 'deskfleet-home-gone', '--wait=false', ...HOMES])
  t.is(gone.code, 0, gone.stderr)
  await must(['delete', 'pv', 'of-somebody', '--wait=false'])
})

const ofLdap = (path: string, claim: string, namespace: string, storageClassName: string) => {
  const { spec, ...rest } = volume(path, claim, namespace)
  return { ...rest, spec: { ...spec, storageClassName } }
}

test.serial('ldap-disks makes and removes volumes of LDAP’s folder alone, for its servers', async (t) => {
  const { path, storageClass } = LDAP_DISK
  const { directory } = NAMESPACES
  for (const other of ['/', '/etc', `${path}/..`, '/var/lib/deskfleet', homeParent('ada')]) {
    const { stderr } = await proofs.create(ofLdap(other, 'data-ldap-0', directory, storageClass), ...DISKS)
    t.regex(stderr, /alone, not of|must not contain|choose a path outside/, other)
  }
  for (const [claim, namespace, kind] of [
    ['data-ldap-0', NAMESPACES.desktops, storageClass],
    ['mine', directory, storageClass],
    ['data-ldap-0', directory, ''],
  ] as const) {
    const { stderr } = await proofs.create(ofLdap(path, claim, namespace, kind), ...DISKS)
    t.regex(stderr, /for the claim of an LDAP server/, `${claim} ${namespace}`)
  }
  const made = await proofs.create(ofLdap(path, 'data-ldap-2', directory, storageClass), ...DISKS)
  t.is(made.code, 0, made.stderr)
  const { must, lab } = proofs
  const named = (name: string) => ({ ...volume('/srv/mine', 'mine'), metadata: { name } })
  for (const name of ['of-somebody', 'deskfleet-ldap-gone']) await must(['create', '-f', '-'], named(name))
  const refused = await lab.run(['delete', 'pv', 'of-somebody', ...DISKS])
  t.regex(refused.stderr, /removes volumes of LDAP servers alone, not of-somebody/)
  const gone = await lab.run(['delete', 'pv', 'deskfleet-ldap-gone', '--wait=false', ...DISKS])
  t.is(gone.code, 0, gone.stderr)
  await must(['delete', 'pv', 'of-somebody', '--wait=false'])
})

test.serial('nobody else makes a volume that leads to homes, or to where LDAP keeps people', async (t) => {
  for (const path of ['/', '/run', `${STORAGE.run}/`, homeParent('ada'), `/run/./deskfleet`]) {
    t.regex((await proofs.create(volume(path, 'mine'))).stderr, /where homes are shown/, path)
  }
  for (const path of ['/var', '/var/lib/deskfleet', LDAP_DISK.path, `${LDAP_DISK.path}/db`]) {
    const asked = ofLdap(path, 'data-ldap-0', NAMESPACES.directory, LDAP_DISK.storageClass)
    t.regex((await proofs.create(asked)).stderr, /where an LDAP server keeps its people/, path)
    t.is((await proofs.create(asked, ...HOMES)).code, 1, path)
  }
  const copies = (name: string, path: string, claim: string, namespace: string) => ({
    ...volume(path, claim, namespace),
    metadata: { name },
  })
  const folder = `${STORAGE.volume}/${COPIES.folder}`
  const { directory, desktops } = NAMESPACES
  for (const [name, path, claim, namespace] of [
    ['mine', folder, COPIES.program, directory],
    [COPIES.volume, STORAGE.volume, COPIES.program, directory],
    [COPIES.volume, `${folder}/..`, COPIES.program, directory],
    [COPIES.volume, folder, 'mine', directory],
    [COPIES.volume, folder, COPIES.program, desktops],
  ] as const) {
    const { stderr } = await proofs.create(copies(name, path, claim, namespace))
    t.regex(stderr, /where homes are shown|must not contain/, `${name} ${path} ${claim} ${namespace}`)
  }
  const delivered = await proofs.create(copies(COPIES.volume, folder, COPIES.program, directory))
  t.is(delivered.code, 0, delivered.stderr)
  const kept = (service: string, path: string, namespace: string, claimed = 'pages') => ({
    ...volume(`${STORAGE.volume}/services/${path}`, claimed, namespace),
    metadata: { name: serviceVolume(service, 'pages') },
  })
  for (const other of [
    kept('wiki', 'wiki', 'service-wiki'),
    kept('wiki', '../homes/ada', 'service-wiki'),
    kept('wiki', 'wiki/pages/..', 'service-wiki'),
    kept('wiki', 'chat/pages', 'service-wiki'),
    kept('chat', 'wiki/pages', 'service-wiki'),
    kept('wiki', 'wiki/pages', 'service-chat'),
    kept('wiki', 'wiki/pages', desktops),
    kept('wiki', 'wiki/pages', 'service-wiki', 'mine'),
  ]) {
    const { stderr } = await proofs.create(other)
    t.regex(stderr, /where homes are shown|must not contain/, JSON.stringify(other))
  }
  const ofWiki = await proofs.create(kept('wiki', 'wiki/pages', 'service-wiki'))
  t.is(ofWiki.code, 0, ofWiki.stderr)
  const honest = await proofs.create(volume('/srv/mine', 'mine'))
  t.is(honest.code, 0, honest.stderr)
})

test.serial(
  'what the room’s own registry and Git server keep is led to by one volume, for one claim',
  async (t) => {
    const { sources } = NAMESPACES
    const kept = (name: string, path: string, namespace: string, claimed: string) => ({
      ...volume(`${STORAGE.volume}/services/${path}`, claimed, namespace),
      metadata: { name },
    })
    const own = serviceVolume('sources', 'data')
    for (const [name, path, namespace, claimed] of [
      ['mine', 'sources/data', sources, 'data'],
      [own, 'wiki/data', sources, 'data'],
      [own, 'sources', sources, 'data'],
      [own, 'sources/data', sources, 'mine'],
      [own, 'sources/data', NAMESPACES.desktops, 'data'],
      [own, 'sources/data', 'service-wiki', 'data'],
    ] as const) {
      const { stderr } = await proofs.create(kept(name, path, namespace, claimed))
      t.regex(stderr, /where homes are shown/, `${name} ${path} ${namespace} ${claimed}`)
    }
    const delivered = await proofs.create(kept(own, 'sources/data', sources, 'data'))
    t.is(delivered.code, 0, delivered.stderr)
  },
)
