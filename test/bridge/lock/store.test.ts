import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { after, CHANCE, highest, isWon } from '../../../bridge/lock/decide.ts'
import { lockStore } from '../../../bridge/lock/store.ts'
import { LOCK_BYTES, LOCK_FOLDER, UNCLAIMED, UNCLAIMED_LOCK } from '../../../config/home-lock.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'

const claim = (pod: string, generation: number, heartbeat = 0, free = false) => ({
  pod,
  generation,
  heartbeat,
  free,
})

test('of many who claim a home at the same instant one gets it', async (t) => {
  const home = temporaryFolder()
  const store = lockStore(home)
  await Promise.all(Array.from({ length: 20 }, () => lockStore(home).lay(UNCLAIMED_LOCK)))
  t.deepEqual(readdirSync(join(home, LOCK_FOLDER)), ['1'], 'nothing is left beside')
  const wanted = Array.from({ length: 20 }, (_, index) => after(UNCLAIMED, index))
  const won = await Promise.all(wanted.map((to) => lockStore(home).take(UNCLAIMED, to)))
  t.is(won.filter(Boolean).length, 1)
  const seen = await store.look()
  t.is(highest(seen)?.generation, wanted[won.indexOf(true)])
  t.true(isWon(wanted[won.indexOf(true)] ?? 0, [], seen))
})

test('a heartbeat changes the text in its place; an end in peace says so', async (t) => {
  const home = temporaryFolder()
  const store = lockStore(home)
  t.deepEqual(await store.look(), [], 'a home without a lock')
  await store.lay(UNCLAIMED_LOCK)
  t.true((await store.look())[0]?.free, 'nobody has it')
  t.true(await store.take(UNCLAIMED, CHANCE))
  t.like((await store.look())[0], { generation: CHANCE, pod: '', free: false }, 'taken, and not said by whom')
  const file = join(home, LOCK_FOLDER, `${CHANCE}`)
  const { ino } = statSync(file)
  await store.write(claim('a', CHANCE))
  const [first] = await store.look()
  await store.write(claim('a', CHANCE, 1))
  const [second] = await store.look()
  t.not(first?.text, second?.text)
  await store.write(claim('a', CHANCE, 2, true))
  t.true((await store.look())[0]?.free)
  t.deepEqual(JSON.parse(readFileSync(file, 'utf8')), claim('a', CHANCE, 2, true))
  t.deepEqual([statSync(file).ino, statSync(file).size], [ino, LOCK_BYTES], 'the same file, of the same size')
  await store.drop(CHANCE)
  t.deepEqual(await store.look(), [])
  await t.throwsAsync(
    store.write(claim('a', CHANCE, 3)),
    { code: 'ENOENT' },
    'it does not come back by itself',
  )
})

test('a rename whose answer was lost is found to be done', async (t) => {
  const home = temporaryFolder()
  const store = lockStore(home)
  await store.lay(UNCLAIMED_LOCK)
  t.true(await store.take(UNCLAIMED, CHANCE))
  t.true(await store.take(UNCLAIMED, CHANCE), 'asked again')
  t.false(await store.take(UNCLAIMED, CHANCE + 1))
})

test('the lock of an earlier version is taken over', async (t) => {
  const home = temporaryFolder()
  mkdirSync(join(home, LOCK_FOLDER), { recursive: true })
  writeFileSync(join(home, LOCK_FOLDER, '57'), `${JSON.stringify(claim('old', 57, 812))}\n`)
  const store = lockStore(home)
  t.like((await store.look())[0], { generation: 57, pod: 'old', free: false })
  t.true(await store.take(57, after(57, 5)))
  await store.write(claim('new', after(57, 5)))
  t.like((await store.look())[0], { pod: 'new' })
})

test('what a person may have put in its place is a generation that never changes', async (t) => {
  const home = temporaryFolder()
  const folder = join(home, LOCK_FOLDER)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, '4'), '{"pod":')
  symlinkSync('/etc/passwd', join(folder, '5'))
  mkdirSync(join(folder, '6'))
  execFileSync('mkfifo', [join(folder, '7')])
  writeFileSync(join(folder, '8'), JSON.stringify(claim('somebody', 3, 0, true)))
  writeFileSync(join(folder, 'notes'), 'mine')
  const store = lockStore(home)
  const seen = (await store.look()).sort((a, b) => a.generation - b.generation)
  t.deepEqual(
    seen.map(({ generation, pod, free }) => ({ generation, pod, free })),
    [4, 5, 6, 7, 8].map((generation) => ({ generation, pod: '', free: false })),
  )
  t.false(seen.some(({ text }) => text.includes('root')))
  t.true(await store.take(8, after(8, 0)))
  await store.drop(6)
  t.true(existsSync(join(folder, '5')))
})

test('a number that leaves no room above is refused, with the mend', (t) => {
  t.throws(() => after(Number.MAX_SAFE_INTEGER, 0), { message: /remove the folder/ })
})

test('an error of the file system is told, not taken for an empty home', async (t) => {
  const home = temporaryFolder()
  mkdirSync(join(home, '.deskfleet'))
  writeFileSync(join(home, LOCK_FOLDER), 'a file')
  await t.throwsAsync(lockStore(home).look(), { code: 'ENOTDIR' })
})
