import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from '../harness/temporary-folder.ts'
import type { Lane } from './lane.ts'

const root = join(import.meta.dirname, '../..')

/** Test files that end in every way that a run must survive, by name. */
const FILES = {
  'passes.test.js': `import test from 'ava'
test('passes', (t) => t.pass())`,
  'fails.test.js': `import test from 'ava'
test('fails', (t) => t.is(1, 2, 'said by the test'))`,
  'unsteady.test.js': `import test from 'ava'
import { existsSync, writeFileSync } from 'node:fs'
const seen = existsSync('ran')
writeFileSync('ran', '')
test('steady', (t) => t.pass())
test('fails at first', (t) => t.true(seen, 'said at first'))`,
  'open.test.js': `import test from 'ava'
import { createServer } from 'node:net'
test('leaves a server open', async (t) => {
  await new Promise((done) => createServer().listen(0, '127.0.0.1', done))
  t.pass()
})`,
  'stands.test.js': `import test from 'ava'
process.on('SIGTERM', () => {})
test('never ends', async () => {
  setInterval(() => {}, 1_000)
  await new Promise(() => {})
})`,
  'loops.test.js': `import test from 'ava'
test('never gives way', () => { for (;;); })`,
  'crashes.test.js': `import test from 'ava'
test('dies', async () => {
  process.kill(process.pid, 'SIGKILL')
  await new Promise(() => {})
})`,
  'throws.test.js': `import test from 'ava'
test('throws beside its test', async () => {
  setTimeout(() => { throw new Error('from a timer') }, 10)
  await new Promise(() => {})
})`,
  'child.test.js': `import test from 'ava'
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
test('leaves a child', (t) => {
  const child = spawn('sleep', ['600'], { stdio: ['ignore', 'inherit', 'inherit'] })
  child.unref()
  writeFileSync('child.pid', String(child.pid))
  t.pass()
})`,
}

/** A lane over these files, in a folder that is gone after the tests. */
export function throwAwayLane(files: readonly (keyof typeof FILES)[], patience: number): Lane {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'test'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const ours = join(root, 'test/run/test-process.ts')
  writeFileSync(
    join(folder, 'ava.config.js'),
    `export default { extensions: { js: true, ts: 'module' }, require: ['${ours}'], timeout: '10m', workerThreads: false }`,
  )
  for (const name of files) writeFileSync(join(folder, 'test', name), FILES[name])
  const args = ['test/**/*.test.js', '--concurrency=1']
  return { title: 'thrown away', folder, args, env: { DESKFLEET_TEST_ENDING: '1000' }, patience }
}
