import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { PROGRAMS } from '../../../lab/bundle/contents.ts'
import { knownSums, openFolder, refuseFolder } from '../../../lab/bundle/folder.ts'
import { faultOfBundle } from '../../../lab/bundle/sums.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'

/** How a bundle's folder is filled, and what the installer says of it. */

const files = (): string[] => [
  ...Object.entries(PROGRAMS).flatMap(([folder, names]) => names.map((name) => `${folder}/${name}`)),
  ...['versions', 'packages/13/Packages', 'repository/installer/install.sh'],
]

async function fill(path: string, change: (text: string) => string = (text) => text, less = '') {
  const folder = openFolder(path, knownSums(path, await faultOfBundle(path)))
  for (const file of files()) if (file !== less) folder.write(file, change(file))
  return folder.finish()
}

test('what was filled is what the installer takes', async (t) => {
  const path = temporaryFolder()
  const { changed, files: count, bytes } = await fill(path)
  t.is(count, files().length)
  t.true(changed > 0 && bytes > 0)
  t.is(await faultOfBundle(path), undefined)
})

test('filled again, nothing changes; with another file, that one', async (t) => {
  const path = temporaryFolder()
  await fill(path)
  t.is((await fill(path)).changed, 0)
  const { changed } = await fill(path, (text) => (text === 'bin/kubelet' ? 'a newer one' : text))
  t.is(changed, 2, 'the file, and the list')
  t.is(readFileSync(join(path, 'bin/kubelet'), 'utf8'), 'a newer one')
  t.is(await faultOfBundle(path), undefined)
})

test('what it has no more goes, and what others put there stays', async (t) => {
  const path = temporaryFolder()
  writeFileSync(join(path, 'pc-7.yaml'), 'mine')
  t.is(refuseFolder(path), undefined)
  await fill(path)
  await fill(path, undefined, 'packages/13/Packages')
  t.false(existsSync(join(path, 'packages/13/Packages')))
  t.is(readFileSync(join(path, 'pc-7.yaml'), 'utf8'), 'mine')
})

test('cut off in the middle, it is no bundle, and is filled by the next call', async (t) => {
  const path = temporaryFolder()
  await fill(path)
  openFolder(path, new Map()).write('bin/kubelet', 'half of a newer one')
  t.regex((await faultOfBundle(path)) ?? '', /has no SHA256SUMS$/)
  t.is(refuseFolder(path), undefined)
  await fill(path)
  t.is(await faultOfBundle(path), undefined)
  t.is(readFileSync(join(path, 'bin/kubelet'), 'utf8'), 'bin/kubelet')
})

test('a folder that is no bundle, and has what one would write over, is refused', (t) => {
  const path = temporaryFolder()
  writeFileSync(join(path, 'versions'), 'of somebody else')
  t.regex(refuseFolder(path) ?? '', /has versions, and no SHA256SUMS: .*Name another folder/)
  t.is(refuseFolder(join(path, 'not-there-yet')), undefined)
})

const SUM = '0'.repeat(64)
for (const [what, change, says] of [
  [
    'a file above it',
    (list: string) => `${list}${SUM}  ../../etc/passwd\n`,
    /names no file of a bundle: 0{64}$/,
  ],
  [
    'a file above it, by the way of a folder',
    (list: string) => `${list}${SUM}  repository/x/../../y\n`,
    /names no file of a bundle/,
  ],
  ['a file that is hidden', (list: string) => `${list}${SUM}  bin/.x\n`, /names no file of a bundle/],
  ['a line that is none', (list: string) => `${list}hello\n`, /names no file of a bundle: hello$/],
  [
    'a file that is not there',
    (list: string) => `${list}${SUM}  images/gone.tar\n`,
    /lacks images\/gone\.tar$/,
  ],
  [
    'another sum',
    (list: string) => list.replace(/^.{64}( {2}bin\/kubelet)$/m, `${SUM}$1`),
    /bin\/kubelet has the sum [0-9a-f]{64}, and SHA256SUMS says 0{64}$/,
  ],
  ['no kubeadm', (list: string) => list.replace(/^.*bin\/kubeadm\n/m, ''), /does not name bin\/kubeadm$/],
] as const)
  test(`the installer refuses a list with ${what}`, async (t) => {
    const path = temporaryFolder()
    await fill(path)
    const list = join(path, 'SHA256SUMS')
    writeFileSync(list, change(readFileSync(list, 'utf8')))
    t.regex((await faultOfBundle(path)) ?? '', says)
  })

test('it takes a list that says of each file that it is binary, as sha256sum -b does', async (t) => {
  const path = temporaryFolder()
  await fill(path)
  const list = join(path, 'SHA256SUMS')
  writeFileSync(list, readFileSync(list, 'utf8').replaceAll('  ', ' *'))
  t.is(await faultOfBundle(path), undefined)
})
