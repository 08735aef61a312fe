import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { listTrash, restore } from '../../storage/trash/restore.ts'
import { temporaryFolder } from '../harness/temporary-folder.ts'
import { uuidOf } from './facts.ts'

/** What an administrator gives back from the trash, into homes whose owners mean ill. */

const asRoot = process.getuid?.() === 0 ? test : test.skip
const ENTRY = `2026-11-24-ada-${uuidOf(1)}`
const owner = { uid: 10_007, gid: 10_007, entryUUID: uuidOf(2) }

/** A storage directory with something in the trash, and the new home of the same person. */
function storage() {
  const root = temporaryFolder()
  chmodSync(root, 0o755)
  const [trash, homes] = [join(root, 'trash'), join(root, 'homes')]
  mkdirSync(trash, { mode: 0o700 })
  mkdirSync(homes, { mode: 0o711 })
  const old = join(trash, ENTRY)
  mkdirSync(join(old, 'letters'), { recursive: true })
  writeFileSync(join(old, 'letters', 'to-charles'), 'dear Charles', { mode: 0o600 })
  symlinkSync('/etc/passwd', join(old, 'link'))
  const home = join(homes, owner.entryUUID)
  mkdirSync(home, { mode: 0o700 })
  chownSync(home, owner.uid, owner.gid)
  return { root, home, old }
}

asRoot('files come back in a folder of their own, are the person’s, and stay in the trash', async (t) => {
  const { root, home, old } = storage()
  t.deepEqual(await listTrash(root), [ENTRY])
  const folder = await restore(root, ENTRY, owner)
  const file = join(home, folder, 'letters', 'to-charles')
  t.is(readFileSync(file, 'utf8'), 'dear Charles')
  const { uid, gid, mode } = lstatSync(file)
  t.deepEqual([uid, gid, mode & 0o777], [owner.uid, owner.gid, 0o600])
  t.true(lstatSync(join(home, folder, 'link')).isSymbolicLink())
  t.true(existsSync(join(old, 'letters', 'to-charles')))
  await t.throwsAsync(restore(root, ENTRY, owner), {
    message: /not everything came back.*exist.*move ~\/restored-.* away, and try again/is,
  })
})

for (const made of ['a link to the folder', 'a home that is itself a link'] as const) {
  asRoot(`${made} leads nothing into a folder of root`, async (t) => {
    const { root, home } = storage()
    const rootsOwn = join(root, 'roots-own')
    mkdirSync(rootsOwn, { mode: 0o755 })
    if (made === 'a link to the folder') symlinkSync(rootsOwn, join(home, `restored-${ENTRY}`))
    else {
      const other = { ...owner, entryUUID: uuidOf(3) }
      symlinkSync(rootsOwn, join(root, 'homes', other.entryUUID))
      await t.throwsAsync(restore(root, ENTRY, other), { message: /Permission denied/ })
    }
    await restore(root, ENTRY, owner).catch(() => {})
    t.deepEqual(readdirSync(rootsOwn), [])
  })
}

asRoot('what is empty on the disk stays empty', async (t) => {
  const { root, home, old } = storage()
  const sparse = join(old, 'sparse')
  writeFileSync(sparse, '')
  truncateSync(sparse, 512 * 1024 * 1024)
  const folder = await restore(root, ENTRY, owner)
  const { size, blocks } = lstatSync(join(home, folder, 'sparse'))
  t.is(size, 512 * 1024 * 1024)
  t.true(blocks < 1_000, `${blocks} blocks`)
})

asRoot('a name that leads out of the trash, or is not there, is refused with the mend', async (t) => {
  const { root } = storage()
  for (const entry of ['../homes', '.', '..', '', '-rf', `${ENTRY}/letters`])
    await t.throwsAsync(restore(root, entry, owner), { message: /deskfleet homes trash/ }, entry)
  await t.throwsAsync(restore(root, 'gone', owner), { message: /the trash has no "gone"/ })
  await t.throwsAsync(restore(root, ENTRY, { ...owner, entryUUID: uuidOf(9) }), {
    message: /wait until it is ready/,
  })
})
