import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { abandon, down, open, type RunKind, type RunWish, up } from '../../../lab/run/life.ts'
import { runFolder } from '../../../lab/run/places.ts'
import { identify, isAlive } from '../../../lab/run/processes.ts'
import { readRecord } from '../../../lab/run/record.ts'
import { runs, startProcess } from '../../../lab/run/run.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'

process.env.XDG_STATE_HOME = temporaryFolder()

interface Wish extends RunWish {
  readonly fails?: boolean
  readonly pause?: Promise<void>
}

/** The smallest kind of run: one process. */
const SLEEPER: RunKind<Wish, { readonly dir: string }> = {
  name: 'sleeper',
  ending: { killedFirst: [], endedLast: [] },
  undo: [],
  refuse: ({ name }) => (name === 'refused' ? 'there is no such sleeper' : undefined),
  async begin(dir, { fails, pause }) {
    await startProcess(dir, 'sleep', 'sleep', ['600'])
    await pause
    if (fails) throw new Error('it failed half-way')
    return { server: 'https://127.0.0.1:1' }
  },
  attach: (dir) => ({ dir }),
}
const OTHER: typeof SLEEPER = { ...SLEEPER, name: 'other' }

const processOf = (dir: string) => readRecord(dir)?.processes[0]?.process

test.serial('is begun once, kept while it is well, and ended with what it started', async (t) => {
  const lines: string[] = []
  const wish = { name: 'kept', progress: (line: string) => lines.push(line) }
  t.is(await open(SLEEPER, 'kept'), undefined)
  const { dir } = await up(SLEEPER, wish)
  const first = processOf(dir)
  t.like(readRecord(dir), { kind: 'sleeper', phase: 'ready', server: 'https://127.0.0.1:1' })
  await up(SLEEPER, wish)
  t.deepEqual(lines, ['the sleeper "kept" runs already'])
  t.deepEqual(processOf(dir), first)
  t.deepEqual(await open(SLEEPER, 'kept'), { dir })
  t.true(await down('kept'))
  t.false(existsSync(dir))
  t.false(first !== undefined && isAlive(first))
  t.false(await down('kept'))
})

test.serial('one whose process died is cleared away and begun anew', async (t) => {
  const lines: string[] = []
  const { dir } = await up(SLEEPER, { name: 'crashed' })
  const first = processOf(dir)
  process.kill(first?.pid ?? 0, 'SIGKILL')
  while (runs(dir, 'sleep')) await new Promise((done) => setTimeout(done, 10))
  await up(SLEEPER, { name: 'crashed', progress: (line) => lines.push(line) })
  t.deepEqual(lines, ['clearing away the sleeper "crashed": sleep ended'])
  t.true(runs(dir, 'sleep'))
  await down('crashed')
})

test.serial('one that fails half-way ends what it started', async (t) => {
  await t.throwsAsync(up(SLEEPER, { name: 'failed', fails: true }), { message: 'it failed half-way' })
  t.false(existsSync(runFolder('failed')))
})

test.serial('a name is worked on by one command at a time', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const first = up(SLEEPER, { name: 'busy', pause: promise })
  await t.throwsAsync(up(SLEEPER, { name: 'busy' }), {
    message: /another command \(process \d+\) is at work/,
  })
  await t.throwsAsync(down('busy'), { message: /another command/ })
  resolve()
  await first
  await down('busy')
})

test.serial('a run of another kind is not taken for one of this kind, and not ended for it', async (t) => {
  const { dir } = await up(SLEEPER, { name: 'mine' })
  await t.throwsAsync(up(OTHER, { name: 'mine' }), { message: /"mine" is a sleeper: end that first/ })
  t.is(await open(OTHER, 'mine'), undefined)
  t.true(runs(dir, 'sleep'))
  await down('mine')
})

test.serial('a wish that is refused leaves nothing', async (t) => {
  await t.throwsAsync(up(SLEEPER, { name: 'refused' }), { message: 'there is no such sleeper' })
  await t.throwsAsync(up(SLEEPER, { name: 'No' }), { message: /cannot name a lab/ })
  t.false(existsSync(runFolder('refused')))
})

test.serial(
  'an interrupted one is ended while it is unfinished, and stays once it is finished',
  async (t) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const begun = up(SLEEPER, { name: 'interrupted', pause: promise })
    begun.catch(() => {})
    while (!runs(runFolder('interrupted'), 'sleep')) await new Promise((done) => setTimeout(done, 10))
    await abandon('interrupted')
    t.false(existsSync(runFolder('interrupted')))
    resolve()
    await t.throwsAsync(begun)
    const { dir } = await up(SLEEPER, { name: 'finished' })
    await abandon('finished')
    t.true(runs(dir, 'sleep'))
    await down('finished')
  },
)

test.serial('whose owner died is cleared away by the next `up` of any name and kind', async (t) => {
  const owner = spawn('sleep', ['600'])
  await once(owner, 'spawn')
  const { dir } = await up(SLEEPER, { name: 'orphan', ownerPid: owner.pid ?? 0 })
  await up(OTHER, { name: 'next' })
  t.true(existsSync(dir), 'while its owner lives it is left alone')
  owner.kill('SIGKILL')
  await once(owner, 'exit')
  await up(OTHER, { name: 'next' })
  // Or by another one that goes on at the same time: that of another test of this file.
  while (existsSync(dir)) await new Promise((done) => setTimeout(done, 10))
  t.false(runs(dir, 'sleep'))
  await down('next')
  t.is(identify(owner.pid ?? 0), undefined)
})

test.serial('one whose record is damaged is found by the mark of its processes', async (t) => {
  const { dir } = await up({ ...SLEEPER, undo: [] }, { name: 'damaged' })
  const left = processOf(dir)
  writeFileSync(join(dir, 'record.json'), '{')
  t.is(await open(SLEEPER, 'damaged'), undefined)
  t.true(await down('damaged'))
  t.false(left !== undefined && isAlive(left))
})

test.serial('the life cycle knows no kind of run: lab/run imports nothing of the rest of the lab', (t) => {
  for (const file of globSync('lab/run/*.ts')) {
    const imports = [...readFileSync(file, 'utf8').matchAll(/from '(\.[^']+)'/g)].map(([, path]) => path)
    t.deepEqual(
      imports.filter((path) => !path?.startsWith('./')),
      [],
      file,
    )
  }
})
