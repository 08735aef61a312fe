import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { readCluster } from '../../../config/read.ts'
import type { Cluster } from '../../../config/schema.ts'
import {
  answersOf,
  endpointOf,
  imagesOfRoom,
  imagesText,
  readRoom,
  refuseRoom,
} from '../../../lab/bundle/room.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'

const TEXT = `
domain: school.example.org
hosts: { address: 192.0.2.10/24 }
sources: { kind: room }
ldap: { disk: pc }
desktops: { keyboard: ch(fr), language: de_CH, timeZone: Europe/Zurich }
templates: [{ name: light, image: desktop-light }]
`

function clusterOf(text: string): Cluster {
  const read = readCluster({ name: 'cluster.yaml', text })
  if (!read.ok) throw new Error(JSON.stringify(read.findings))
  return read.value
}
const fileOf = (text: string): string => {
  const file = join(temporaryFolder(), 'cluster.yaml')
  writeFileSync(file, text)
  return file
}

test('a room begins by settings that need nothing from outside', (t) =>
  t.deepEqual(refuseRoom(clusterOf(TEXT)), []))

for (const [what, from, to, says] of [
  ['a registry elsewhere', 'sources: { kind: room }', '', /^sources\.kind: .*; write room$/],
  [
    'an address that is a pod’s',
    '192.0.2.10/24',
    '10.244.3.4/24',
    /^hosts\.address: .*; give the PCs another network$/,
  ],
  ['another branch', 'desktops:', 'delivery: { branch: room }\ndesktops:', /^delivery: .*leave branch, tag/],
  [
    'Git at an address of no Service',
    '{ kind: room }',
    '{ kind: room, address: 10.1.2.3 }',
    /^sources\.address: .*; leave it out$/,
  ],
  ['no address', 'hosts: { address: 192.0.2.10/24 }', '', /^hosts\.address: .*; write one such as/],
  ['LDAP on a StorageClass', 'ldap: { disk: pc }', '', /^ldap\.disk: .*; write pc/],
  ['Flux', 'desktops:', 'delivery: { kind: flux }\ndesktops:', /^delivery\.kind: .*; write argo$/],
  [
    'homes elsewhere',
    'desktops:',
    'storage: { kind: path, path: /srv/homes }\ndesktops:',
    /^storage\.kind: .*; write gluster$/,
  ],
] as const)
  test(`no room begins with ${what}, and the mend is told`, async (t) => {
    const text = TEXT.replace(from, to)
    const [one, ...more] = refuseRoom(clusterOf(text))
    t.regex(one ?? '', says)
    t.deepEqual(more, [])
    await t.throwsAsync(readRoom(fileOf(text)), { message: says })
  })

test('it takes the images that its objects name, and Argo CD', async (t) => {
  const room = await readRoom(fileOf(TEXT))
  t.deepEqual(imagesOfRoom(room), [
    'deskfleet',
    'ldap',
    'door',
    'gluster',
    'sources',
    'argocd',
    'desktop-light',
  ])
  const office = await readRoom(fileOf(TEXT.replace('image: desktop-light', 'image: desktop')))
  t.true(imagesOfRoom(office).includes('desktop'))
  t.false(imagesOfRoom(office).includes('desktop-light'))
})

test('install.sh is told what the room is called, and nothing that is secret', (t) => {
  const cluster = clusterOf(TEXT)
  t.is(endpointOf(cluster), '192.0.2.10:6443')
  t.is(
    answersOf(cluster, endpointOf(cluster), 'v1.37.2'),
    [
      ...[
        'door-address: 192.0.2.10/24',
        'endpoint: 192.0.2.10:6443',
        'kubernetes: v1.37.2',
        'registry: 10.96.0.40:5000',
      ],
      ...[
        'door: desk.school.example.org',
        'keyboard: ch(fr)',
        'language: de_CH',
        'time-zone: Europe/Zurich',
        '',
      ],
    ].join('\n'),
  )
})

test('images are listed with their tags and digests', (t) => {
  t.is(
    imagesText([{ name: 'argocd', digest: `sha256:${'a'.repeat(64)}` }]),
    `argocd 3.6.1 sha256:${'a'.repeat(64)}\n`,
  )
})
