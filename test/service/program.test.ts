import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import test, { type ExecutionContext } from 'ava'
import { becomes, eventually } from '../harness/wait.ts'

interface Line {
  readonly msg: string
  readonly level: number
  readonly port?: number
}

/** The example service as a process of its own. */
function run(t: ExecutionContext, env: Record<string, string>) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'example-program.ts')], {
    env: { PATH: process.env.PATH, DESKFLEET_METRICS_LISTEN: '127.0.0.1:0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => void child.kill('SIGKILL'))
  const lines: Line[] = []
  const read = (async () => {
    for await (const line of createInterface({ input: child.stdout })) lines.push(JSON.parse(line))
  })()
  const ended = new Promise<number | null>((done) => child.once('close', (code) => done(code)))
  return {
    said: () => lines.map(({ msg }) => msg),
    begun: async () =>
      (await eventually('the program has begun', () => lines.find(({ msg }) => msg === 'begun'))).port,
    signal: (name: NodeJS.Signals) => child.kill(name),
    async code() {
      const code = await ended
      await read
      return code
    },
  }
}

test('told to end, it ends in order: not ready at once, the newest closed first, exit code 0', async (t) => {
  const program = run(t, { DO: 'hang' })
  const port = await program.begun()
  const status = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status
  t.is(await status('/readyz'), 200)
  t.is(await status('/metrics'), 200)
  program.signal('SIGTERM')
  await becomes('readiness', () => status('/readyz'), 503)
  t.is(await status('/healthz'), 200)
  program.signal('SIGTERM')
  t.is(await program.code(), 0)
  t.deepEqual(program.said(), [
    'begun',
    'stopping',
    'told to end',
    'hastening',
    'closed last',
    'closed first',
  ])
})

test('what breaks is logged, everything is closed all the same, exit code 1', async (t) => {
  const program = run(t, { DO: 'throw' })
  t.is(await program.code(), 1)
  t.deepEqual(program.said(), ['begun', 'it broke', 'closed last', 'closed first'])
})

test('what fails to close keeps nothing else from being closed, exit code 1', async (t) => {
  const program = run(t, { DO: 'fail-to-close' })
  await program.begun()
  program.signal('SIGINT')
  t.is(await program.code(), 1)
  t.deepEqual(program.said().slice(2), ['told to end', 'closed last', 'closed first', 'it does not close'])
})

test('with a wrong environment it says everything that is wrong, and begins nothing, exit code 2', async (t) => {
  const program = run(t, { DO: 'dance', DESKFLEET_METRICS_LISTEN: 'everywhere' })
  t.is(await program.code(), 2)
  t.deepEqual(
    program.said().map((line) => line.split(' ').slice(0, 5).join(' ')),
    ['The environment is wrong: DESKFLEET_METRICS_LISTEN', 'The environment is wrong: DO'],
  )
})
