import type { V1PodSpec, V1Service } from '@kubernetes/client-node'
import test from 'ava'
import { parse } from 'yaml'
import { compileCluster } from '../../charts/apps.ts'
import { NAMESPACES, SOURCES, STORAGE } from '../../config/names.ts'
import { readCluster } from '../../config/read.ts'
import { SERVICE_DATA_PATTERN } from '../../config/service-data.ts'
import { VERSION } from '../../config/version.ts'

/** The registry and the Git server of a room that has both itself, as they are rendered; what they do: test/sources/. */

function rendered(settings: string): ReadonlyMap<string, string> {
  const read = readCluster({ name: 'cluster.yaml', text: `domain: room.test\n${settings}\n` })
  if (!read.ok) throw new Error(read.findings.map(({ what }) => what).join('\n'))
  const outcome = compileCluster(read.value)
  if (!outcome.ok) throw new Error(outcome.findings.map(({ what }) => what).join('\n'))
  return outcome.value.files
}

const ROOM = 'sources: { kind: room }'
const STORAGES = {
  gluster: '{ kind: gluster }',
  path: '{ kind: path, path: /srv/homes }',
  existing: '{ kind: existing, storageClass: site }',
}
const at = (files: ReadonlyMap<string, string>, file: string) => parse(files.get(file) ?? '')
const own = (kind: string): string => `sources/${kind}.${NAMESPACES.sources}.${SOURCES.program}.yaml`
const podOf = (files: ReadonlyMap<string, string>): V1PodSpec =>
  at(files, own('Deployment')).spec.template.spec

test('a room with somebody else’s registry and Git server has nothing of it', (t) => {
  const files = rendered('')
  t.deepEqual(files, rendered('sources: { kind: existing, address: 10.96.0.99 }'))
  const text = [...files.values()].join('\n')
  for (const word of [NAMESPACES.sources, 'services/sources/', 'app: sources'])
    t.false(text.includes(word), word)
})

test('with it, the registry and the repository are those of its address, which is 10.96.0.40 or what is said', (t) => {
  for (const [settings, address] of [
    [ROOM, '10.96.0.40'],
    ['sources: { kind: room, address: 10.97.0.7 }', '10.97.0.7'],
    // What is said once more is no mistake.
    [
      `${ROOM}\nregistry: 10.96.0.40:5000\ndelivery: { repository: 'https://10.96.0.40/deskfleet.git' }`,
      '10.96.0.40',
    ],
  ] as const) {
    const files = rendered(settings)
    const { spec } = at(files, own('Service')) as V1Service
    t.is(spec?.clusterIP, address)
    t.deepEqual(
      spec?.ports?.map(({ port, targetPort }) => [port, targetPort]),
      [
        [5000, 'registry'],
        [443, 'git'],
      ],
    )
    t.is(
      at(files, 'delivery/Application.argocd.gateway.yaml').spec.source.repoURL,
      `https://${address}/deskfleet.git`,
    )
    for (const { image } of podOf(files).containers)
      t.regex(image ?? '', new RegExp(`^${address}:5000/sources:`))
  }
})

test('its namespace is restricted, closed, and takes images of the room alone', (t) => {
  const files = rendered(ROOM)
  const namespace = at(files, `namespaces/Namespace.${NAMESPACES.sources}.yaml`)
  t.is(namespace.metadata.labels['pod-security.kubernetes.io/enforce'], 'restricted')
  t.truthy(at(files, `namespaces/NetworkPolicy.${NAMESPACES.sources}.deny-by-default.yaml`))
  const [, binding = ''] =
    [...files].find(([file]) => /AdmissionPolicyBinding\.deskfleet-images-of-our-own/.test(file)) ?? []
  t.true(binding.includes(NAMESPACES.sources))
  const { spec } = at(files, own('NetworkPolicy'))
  t.deepEqual(spec.ingress, [
    {
      ports: [
        { port: 5000, protocol: 'TCP' },
        { port: 8443, protocol: 'TCP' },
      ],
    },
  ])
  t.deepEqual(spec.egress, [], 'it calls nobody')
})

test('each container sees what it needs of the Secret, and no token; nothing but data and memory is writable', (t) => {
  const files = rendered(ROOM)
  const pod = podOf(files)
  t.false(pod.automountServiceAccountToken)
  t.false(
    [...files.keys()].some((file) => /^sources\/.*Role/.test(file)),
    'its account may do nothing',
  )
  t.deepEqual(
    pod.containers.map(({ name }) => name),
    ['entrance', 'registry', 'git'],
  )
  const keys = (container: string): string[] => {
    const mounts = pod.containers.find(({ name }) => name === container)?.volumeMounts ?? []
    return mounts.flatMap(({ name }) => {
      const items = pod.volumes?.find((one) => one.name === name)?.secret?.items ?? []
      return items.map(({ key }) => key)
    })
  }
  t.deepEqual(keys('entrance'), ['tls.crt', 'tls.key', 'registry.logins', 'git.logins'])
  t.deepEqual(keys('registry'), ['http-secret'])
  t.deepEqual(keys('git'), [])
  for (const { name, volumeMounts = [], securityContext } of pod.containers) {
    t.true(securityContext?.readOnlyRootFilesystem, name)
    for (const mount of volumeMounts.filter(({ readOnly }) => readOnly !== true)) {
      const volume = pod.volumes?.find((one) => one.name === mount.name)
      t.true(volume?.emptyDir?.medium === 'Memory' || volume?.persistentVolumeClaim !== undefined, mount.name)
      t.false(
        name === 'entrance' && volume?.persistentVolumeClaim !== undefined,
        'who is called keeps nothing',
      )
    }
  }
})

test('its two pods are on different PCs, and leave a dead one', (t) => {
  const files = rendered(ROOM)
  t.is(at(files, own('Deployment')).spec.replicas, 2)
  const { topologySpreadConstraints, tolerations = [] } = podOf(files)
  t.like(topologySpreadConstraints?.[0], {
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'DoNotSchedule',
  })
  t.true(tolerations.some(({ key }) => key === 'node.kubernetes.io/unreachable'))
})

for (const [kind, storage] of Object.entries(STORAGES)) {
  test(`on ${kind} what it keeps is in one folder or claim, for many writers, and is never pruned`, (t) => {
    const files = rendered(`${ROOM}\nstorage: ${storage}`)
    const claim = at(files, `sources/PersistentVolumeClaim.${NAMESPACES.sources}.data.yaml`)
    t.deepEqual(claim.spec.accessModes, ['ReadWriteMany'])
    t.regex(claim.metadata.annotations['argocd.argoproj.io/sync-options'], /Prune=false/)
    const volume = files.get('storage/PersistentVolume.deskfleet-service.sources.data.yaml')
    const homes = files.get(`storage/Deployment.${NAMESPACES.storage}.homes.yaml`) ?? ''
    if (kind === 'existing') {
      t.is(claim.spec.storageClassName, 'site')
      t.is(volume, undefined)
      t.notRegex(homes, /DESKFLEET_SERVICE_DATA/)
      return
    }
    const { spec } = parse(volume ?? '')
    t.like(spec.claimRef, { namespace: NAMESPACES.sources, name: 'data' })
    const folder = { gluster: STORAGE.volume, path: '/srv/homes' }[kind]
    t.is(spec.hostPath.path, `${folder}/services/sources/data`)
    t.is(claim.spec.volumeName, 'deskfleet-service.sources.data')
    const told = /services\/sources\/data=\d+/.exec(homes)?.[0] ?? ''
    t.is(told, 'services/sources/data=65532', 'who makes homes makes the folder')
    t.regex(told, SERVICE_DATA_PATTERN)
  })
}

test('every PC keeps its image, since a registry cannot give its own; elsewhere nothing is kept of it', (t) => {
  const kept = (settings: string): string[] =>
    at(
      rendered(settings),
      `desktops/DaemonSet.${NAMESPACES.system}.image-puller.yaml`,
    ).spec.template.spec.containers.map(({ image }: { image: string }) => image)
  t.deepEqual(kept(ROOM), [`10.96.0.40:5000/desktop:${VERSION}`, `10.96.0.40:5000/sources:${VERSION}`])
  t.false(kept('').some((image) => image.includes('sources')))
})
