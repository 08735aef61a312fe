import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { LOCK_FOLDER, lockStore } from '../../../bridge/lock/store.ts'
import { temporaryFolder } from '../../lab/temporary-folder.ts'

test('of many who claim a generation at the same instant one gets it, and its text is whole', async (t) => {
  const home = temporaryFolder()
  const names = Array.from({ length: 20 }, (_, index) => `pod-${index}`)
  const won = await Promise.all(names.map((name) => lockStore(home).claim(1, name)))
  t.is(won.filter(Boolean).length, 1)
  const [term] = await lockStore(home).look()
  t.is(term?.pod, names[won.indexOf(true)])
  t.deepEqual(readdirSync(join(home, LOCK_FOLDER)), ['1'], 'nothing is left beside')
})

test('a heartbeat changes the text; an end in peace says so; a dropped generation is gone', async (t) => {
  const home = temporaryFolder()
  const store = lockStore(home)
  t.deepEqual(await store.look(), [], 'a new home has no lock')
  await store.claim(3, 'a')
  const [first] = await store.look()
  await store.write(3, 'a', 1, false)
  const [second] = await store.look()
  t.not(first?.text, second?.text)
  await store.write(3, 'a', 2, true)
  t.true((await store.look())[0]?.free)
  t.deepEqual(JSON.parse(readFileSync(join(home, LOCK_FOLDER, '3'), 'utf8')), {
    pod: 'a',
    generation: 3,
    heartbeat: 2,
    free: true,
  })
  await store.drop(3)
  t.deepEqual(await store.look(), [])
})

test('what a person may have put in its place is a term that never changes', async (t) => {
  const home = temporaryFolder()
  const folder = join(home, LOCK_FOLDER)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, '4'), '{"pod":')
  symlinkSync('/etc/passwd', join(folder, '5'))
  mkdirSync(join(folder, '6'))
  writeFileSync(join(folder, 'notes'), 'mine')
  const terms = (await lockStore(home).look()).sort((a, b) => a.generation - b.generation)
  t.deepEqual(
    terms.map(({ generation, pod, free }) => ({ generation, pod, free })),
    [4, 5, 6].map((generation) => ({ generation, pod: '', free: false })),
  )
  t.false(terms.some(({ text }) => text.includes('root')))
  t.true(await lockStore(home).claim(7, 'a'))
  await lockStore(home).drop(6)
  t.true(existsSync(join(folder, '5')))
})

test('an error of the file system is told, not taken for an empty home', async (t) => {
  const home = temporaryFolder()
  mkdirSync(join(home, '.deskfleet'))
  writeFileSync(join(home, LOCK_FOLDER), 'a file')
  await t.throwsAsync(lockStore(home).look(), { code: 'ENOTDIR' })
})
