import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { homeMarker } from '../../config/home-marker.ts'
import { openStorage } from '../../storage/homes/disk.ts'
import { person } from './facts.ts'

const ada = person('ada', 1)
const isRoot = process.getuid?.() === 0
const asRoot = isRoot ? test : test.skip

/** A storage directory and a skeleton, both real. */
async function directory(t: ExecutionContext) {
  const top = mkdtempSync(join(tmpdir(), 'deskfleet-storage-'))
  t.teardown(() => rmSync(top, { recursive: true, force: true }))
  const [root, skeleton] = [join(top, 'root'), join(top, 'skel')]
  for (const path of [root, join(skeleton, '.config')]) mkdirSync(path, { recursive: true })
  writeFileSync(join(skeleton, '.profile'), 'umask 027\n')
  writeFileSync(join(skeleton, '.config/run'), '#!/bin/sh\n')
  chmodSync(join(skeleton, '.config/run'), 0o755)
  writeFileSync(join(top, 'secret'), 'of root')
  symlinkSync(join(top, 'secret'), join(skeleton, '.link'))
  const storage = await openStorage(root)
  t.teardown(() => storage.close())
  return { top, root, skeleton, storage, home: join(root, 'homes', ada.entryUUID) }
}

asRoot('a home is the skeleton, all of it the person’s, links kept as links', async (t) => {
  const { root, storage, skeleton, home, top } = await directory(t)
  t.is((await storage.look()).state, 'empty')
  await storage.found()
  await storage.make(ada, skeleton)
  const disk = await storage.look()
  t.deepEqual(disk.state === 'there' && disk.homes.get(ada.entryUUID), {
    kind: 'directory',
    uid: ada.uid,
    mode: 0o700,
    marker: { entryUUID: ada.entryUUID, login: 'ada' },
  })
  for (const name of ['.profile', '.config', '.config/run', '.link']) {
    t.is(lstatSync(join(home, name)).uid, ada.uid, name)
  }
  t.is(lstatSync(join(home, '.config/run')).mode & 0o7777, 0o755)
  t.is(readlinkSync(join(home, '.link')), join(top, 'secret'))
  t.is(lstatSync(join(top, 'secret')).uid, 0, 'what a link leads to stays as it was')
  t.deepEqual(readdirSync(join(root, '.making')), [])
})

asRoot('a home that is there is never touched, also by two makers at once', async (t) => {
  const { root, storage, skeleton, home } = await directory(t)
  await storage.found()
  const other = await openStorage(root)
  const results = await Promise.allSettled([storage.make(ada, skeleton), other.make(ada, skeleton)])
  await other.close()
  t.true(results.some((one) => one.status === 'fulfilled'))
  writeFileSync(join(home, 'thesis'), 'work')
  await t.throwsAsync(storage.make(ada, skeleton), { code: 'EEXIST' })
  t.is(readFileSync(join(home, 'thesis'), 'utf8'), 'work')
})

asRoot('what a crash left half built is swept, without following links', async (t) => {
  const { top, root, storage } = await directory(t)
  await storage.found()
  mkdirSync(join(root, '.making/left/deep'), { recursive: true })
  symlinkSync(top, join(root, '.making/left/link'))
  await storage.sweep()
  t.deepEqual(readdirSync(join(root, '.making')), [])
  t.true(existsSync(join(top, 'secret')))
})

asRoot('a marker that is not a plain file of root does not count, and is not followed', async (t) => {
  const { storage, skeleton, home, top } = await directory(t)
  await storage.found()
  await storage.make(ada, skeleton)
  const marker = join(home, '.deskfleet-home')
  const seen = async () => {
    const disk = await storage.look()
    const fact = disk.state === 'there' ? disk.homes.get(ada.entryUUID) : undefined
    return fact?.kind === 'directory' ? fact.marker : fact
  }
  unlinkSync(marker)
  t.is(await seen(), 'missing')
  await storage.mark(ada)
  t.deepEqual(await seen(), { entryUUID: ada.entryUUID, login: 'ada' })
  unlinkSync(marker)
  symlinkSync(join(top, 'secret'), marker)
  t.is(await seen(), 'wrong')
  await storage.mark(ada)
  t.is(readFileSync(join(top, 'secret'), 'utf8'), 'of root')
  // Even one that leads to a true marker.
  unlinkSync(marker)
  writeFileSync(join(top, 'copy'), homeMarker(ada.entryUUID, 'ada'))
  symlinkSync(join(top, 'copy'), marker)
  t.is(await seen(), 'wrong')
  unlinkSync(marker)
  mkdirSync(marker)
  t.is(await seen(), 'wrong')
})

asRoot('a removed home goes to the dated trash whole, and an earlier one there stays', async (t) => {
  const { root, storage, skeleton, home } = await directory(t)
  await storage.found()
  await storage.make(ada, skeleton)
  writeFileSync(join(home, 'thesis'), 'work')
  const day = new Date('2026-11-24T10:00:00Z')
  await storage.discard(ada.entryUUID, 'ada', day)
  const trashed = join(root, 'trash', `2026-11-24-ada-${ada.entryUUID}`)
  t.is(readFileSync(join(trashed, 'thesis'), 'utf8'), 'work')
  await storage.make(ada, skeleton)
  await t.throwsAsync(storage.discard(ada.entryUUID, 'ada', day), { code: 'EEXIST' })
  t.true(existsSync(home))
})

asRoot('a directory that holds other things is not taken for storage', async (t) => {
  const { root, storage } = await directory(t)
  writeFileSync(join(root, 'vmlinuz'), '')
  const disk = await storage.look()
  t.is(disk.state === 'failed' ? disk.problem.reason : disk.state, 'StorageNotThere')
})

asRoot('storage that goes away in the middle of a pass gets nothing written below it', async (t) => {
  const { root, storage, skeleton, top } = await directory(t)
  await storage.found()
  renameSync(root, join(top, 'gone'))
  mkdirSync(root)
  await storage.make(ada, skeleton)
  t.deepEqual(readdirSync(root), [])
  t.true(existsSync(join(top, 'gone/homes', ada.entryUUID)))
})

asRoot('in the shared folder nobody replaces what is another’s', async (t) => {
  const { root, top, storage } = await directory(t)
  await storage.found()
  await storage.makeShared(ada.gid)
  const shared = join(root, 'shared')
  for (const path of [top, root]) chmodSync(path, 0o711)
  writeFileSync(join(shared, 'work'), 'of ada', { mode: 0o600 })
  chownSync(join(shared, 'work'), ada.uid, ada.gid)
  /** Another person, in the same group. */
  const tries = (command: string) =>
    spawnSync('sh', ['-c', command], { cwd: '/', uid: ada.uid + 1, gid: ada.gid, env: { AT: shared } })
  t.is(tries('echo mine > "$AT/mine" && mv "$AT/mine" "$AT/own"').status, 0, 'their own files are theirs')
  t.not(tries('mv "$AT/own" "$AT/work"').status, 0)
  t.not(tries('rm -f "$AT/work"').status, 0)
  t.is(readFileSync(join(shared, 'work'), 'utf8'), 'of ada')
})

asRoot('the folder of a program is made once, for whom it is; those above it are of root', async (t) => {
  const { root, storage } = await directory(t)
  await storage.found()
  const folders = [
    { path: 'copies', uid: 65_532 },
    { path: 'services/wiki/pages', uid: 1_000 },
  ]
  const there = async () => {
    const disk = await storage.look()
    return disk.state === 'there' ? [...disk.folders].sort() : []
  }
  t.deepEqual(await there(), [])
  for (const folder of folders) {
    await storage.makeFolder(folder)
    const { uid, gid, mode } = lstatSync(join(root, folder.path))
    t.deepEqual([uid, gid, mode & 0o7777], [folder.uid, folder.uid, 0o700])
    writeFileSync(join(root, folder.path, 'one'), '')
    await t.throwsAsync(storage.makeFolder(folder), { code: 'EEXIST' })
    t.deepEqual(readdirSync(join(root, folder.path)), ['one'])
  }
  for (const path of ['services', 'services/wiki']) {
    const { uid, mode } = lstatSync(join(root, path))
    t.deepEqual([uid, mode & 0o022], [0, 0], path)
  }
  t.deepEqual(
    await there(),
    folders.map(({ path }) => path),
  )
  t.deepEqual(readdirSync(join(root, '.making')), [])
})
