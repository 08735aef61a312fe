import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { filesForPc } from '../../../lab/bundle/bundle.ts'
import {
  imagesOf,
  isOfBundle,
  PROGRAMS,
  packagesAskedFor,
  sumsText,
  versionsText,
} from '../../../lab/bundle/contents.ts'
import { readPlaces } from '../../../lab/room/host-files.ts'

/** What a bundle has, and that the installer means the same. */

const root = join(import.meta.dirname, '../../..')
const step = (name: string): string => readFileSync(join(root, 'installer/steps', `${name}.sh`), 'utf8')

test('a bundle has the programs that the installer asks for, and no others', (t) => {
  const asked = /^bundled='([^']+)'$/m.exec(step('programs'))?.[1]?.split(/\s+/)
  const has = Object.entries(PROGRAMS).flatMap(([folder, names]) => names.map((name) => `${folder}/${name}`))
  t.deepEqual(has.toSorted(), asked?.toSorted())
})

test('its packages are those that the installer asks for', (t) => {
  const asked = packagesAskedFor('packages', step('packages'))
  for (const name of ['runc', 'chrony', 'xfsprogs']) t.true(asked.includes(name), name)
  t.true(packagesAskedFor('kiosk', step('kiosk')).includes('chromium'))
  t.throws(() => packagesAskedFor('kiosk', 'packages=one'), { message: /kiosk\.sh names no packages/ })
})

test('the PC gets every file that install.sh reads, and nothing in TypeScript', (t) => {
  const files = filesForPc()
  const script = readFileSync(join(root, 'installer/install.sh'), 'utf8')
  const read = /^for file in ([^;]+); do$/m.exec(script)?.[1]?.split(/[\s\\]+/) ?? []
  t.true(read.length > 10)
  for (const name of read) t.true(files.includes(`installer/${name}.sh`), name)
  for (const folder of ['installer/files', 'orchestrator/host'])
    for (const { name } of readPlaces(join(root, folder, 'places')))
      t.true(files.includes(`${folder}/${name}`), name)
  for (const name of ['install.sh', 'names', 'steps/disk-plan.awk'])
    t.true(files.includes(`installer/${name}`), name)
  t.deepEqual(
    files.filter((name) => name.endsWith('.ts')),
    [],
  )
  for (const name of files) t.true(isOfBundle(`repository/${name}`), name)
})

for (const [path, is] of [
  ['versions', true],
  ['bin/kubelet', true],
  ['packages/12/Packages', true],
  ['packages/13/chrony_4.6.1-3+deb13u1_amd64.deb', true],
  ['packages/13/procps_2%3a4.0.4-9_amd64.deb', true],
  ['repository/installer/steps/join.sh', true],
  ['registry/deskfleet.tar', true],
  ['SHA256SUMS', false],
  ['pc-7.yaml', false],
  ['bin/.hidden', false],
  ['bin/../versions', false],
  ['repository/../../etc/passwd', false],
  ['/etc/passwd', false],
  ['packages/bookworm/Packages', false],
] as const)
  test(`${path} is ${is ? 'a' : 'no'} file of a bundle`, (t) => t.is(isOfBundle(path), is))

test('the lists read as the installer reads them', (t) => {
  const made = {
    kubernetes: 'v1.37.2',
    containerd: 'v2.4.2',
    etcd: 'v3.7.3',
    coredns: 'v1.15.0',
    deskfleet: '9.9.9',
  }
  const text = versionsText({ ...made, images: '0123456789ab' })
  t.regex(text, /^kubernetes: v1\.37\.2$/m)
  t.is(imagesOf(text), '0123456789ab')
  t.is(imagesOf('kubernetes: v1.37.2\n'), undefined)
  t.is(
    sumsText(
      new Map([
        ['b', '2'.repeat(64)],
        ['a', '1'.repeat(64)],
      ]),
    ),
    `${'1'.repeat(64)}  a\n${'2'.repeat(64)}  b\n`,
  )
})
