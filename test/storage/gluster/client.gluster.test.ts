import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import test from 'ava'
import type { Pc } from '../../../lab/gluster/gluster.ts'
import { glusterRoot } from '../../../lab/gluster/root.ts'
import { birth, brickOf, type OwnGluster, ownGluster } from '../../harness/gluster.ts'
import { eventually } from '../../harness/wait.ts'

/** The mounter's half of a volume: FUSE processes that belong to no pod, killed, switched, stopped, below quorum. */

interface State {
  readonly trouble?: string
  readonly current?: number
  readonly mounted: number
  readonly failures: readonly string[]
  readonly running: readonly { readonly number: number; readonly pid: number; readonly version: string }[]
}

/** The mounter of one PC (client-pc.ts). */
interface Mounter {
  tell(command: string, given?: unknown): Promise<unknown>
  state(): Promise<State>
  /** What a shell on the PC says; $run is /run/deskfleet. */
  sh(script: string): Promise<string>
  child: ChildProcess
}

let room: OwnGluster
let pc: Mounter
const top = mkdtempSync(join(tmpdir(), 'deskfleet-client-'))
const names = [1, 2, 3].map((number) => `pc-${number}`)

test.before(async (t) => {
  t.timeout(240_000, 'the first time, a Debian with Gluster is made')
  room = await ownGluster(3)
  for (const name of names.slice(1)) await room.change({ change: 'probe', pc: name })
  const bricks = [1, 2, 3].map((number) => brickOf(room.server(number)))
  const options = birth([...names, 'mounter'])
  await room.change({ change: 'create', width: 3, arbiters: 0, bricks, options })
  await room.change({ change: 'start', force: false })
  const client = await room.lab.addClient('mounter', { of: 'room', name: 'mounter' })
  await layFiles(client)
  pc = await mounterOn(client)
  const pcs = [1, 2, 3]
    .map((number) => room.server(number))
    .map((one) => ({ name: one.name, address: one.address() }))
  await pc.tell('begin', { servers: names, pcs, used: ['ada'] })
})
test.after.always(async () => {
  pc?.child.stdin?.end()
  await room?.lab.down()
  rmSync(top, { recursive: true, force: true })
})

/** The client's files, as its image would have them, and the PC's own certificate. */
async function layFiles(client: Pc): Promise<void> {
  const [from, image] = [await glusterRoot(), join(top, 'image')]
  const parts = ['usr/sbin', 'usr/lib', 'usr/lib64', 'usr/bin', 'bin', 'sbin', 'lib', 'lib64']
  mkdirSync(join(image, 'usr'), { recursive: true })
  for (const part of parts) {
    const to = part.startsWith('usr/') ? join(image, 'usr') : image
    execFileSync('cp', ['--archive', join(from, part), to])
  }
  mkdirSync(join(top, 'tls'))
  for (const file of ['glusterfs.key', 'glusterfs.pem', 'glusterfs.ca']) {
    writeFileSync(join(top, 'tls', file), await client.must(['cat', `/etc/ssl/${file}`]), { mode: 0o600 })
  }
  writeFileSync(join(top, 'version'), '11.1-a')
}

async function mounterOn(client: Pc): Promise<Mounter> {
  const [, , pid] = client.way()
  const args = [
    ...[
      `--net=/proc/${pid}/ns/net`,
      '--',
      'unshare',
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      '--mount-proc',
    ],
    ...['--propagation', 'private', process.execPath, join(import.meta.dirname, 'client-pc.ts'), top],
  ]
  const child = spawn('nsenter', args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  await lines.next()
  let last: Promise<unknown> = Promise.resolve()
  const tell = (command: string, given?: unknown): Promise<unknown> => {
    const answer = last.then(async () => {
      child.stdin.write(`${JSON.stringify({ command, given })}\n`)
      const { value } = await lines.next()
      const said = JSON.parse(String(value))
      if ('error' in said) throw new Error(said.error)
      return said.value
    })
    last = answer.catch(() => {})
    return answer
  }
  return {
    child,
    tell,
    state: async () => (await tell('state')) as State,
    sh: async (script) => ((await tell('sh', script)) as { stdout: string }).stdout,
  }
}

const only = async (): Promise<State['running'][number]> => {
  const { running } = await pc.state()
  if (running.length !== 1 || !running[0]) throw new Error(`${running.length} clients run`)
  return running[0]
}

test.serial(
  'an empty volume is shown to whoever makes homes, and becomes the storage directory once',
  async (t) => {
    await eventually('the volume is shown', () => pc.sh('findmnt -no FSTYPE $run/storage/home'))
    t.is(await pc.sh('findmnt -no FSTYPE $run/storage/home'), 'fuse.glusterfs')
    t.is(await pc.tell('homes', true), 'empty')
    t.is(await pc.tell('homes', true), 'there')
    await eventually("ada's home is shown", () => pc.sh('ls $run/u/ada/ada/.deskfleet/lock'))
    t.regex(await pc.sh('findmnt -no OPTIONS $run/u/ada/ada'), /nosuid.*nodev/)
  },
)

test.serial('a killed FUSE process: the home is back under whoever holds its parent', async (t) => {
  await pc.sh('echo work >$run/u/ada/ada/thesis')
  await pc.tell('hold', {
    name: 'pod',
    at: 'u/ada',
    script: 'while read -r line; do sh -c "$line" 2>&1 || echo failed; done',
  })
  t.is(await pc.tell('ask', { name: 'pod', line: 'cat ada/thesis' }), 'work')
  const before = await only()
  for (const round of [1, 2, 3]) {
    const { pid } = await only()
    const began = performance.now()
    await pc.sh(`kill -9 ${pid}`)
    await eventually(
      'the pod has its home',
      async () => (await pc.tell('ask', { name: 'pod', line: 'cat ada/thesis' })) === 'work',
      { every: 20 },
    )
    t.log(`killed for the ${round}. time: home back after ${Math.round(performance.now() - began)} ms`)
    await pc.tell('ask', { name: 'pod', line: 'echo more >>ada/log; echo done' })
  }
  const after = await only()
  t.true(after.pid !== before.pid)
  t.is(await pc.sh('cat $run/u/ada/ada/log | wc -l'), '3')
  // Whoever makes homes is shown the volume last: a desktop waits for its own home, nobody for that.
  const shown = `storage/home u/ada/ada volumes/${after.number}`
  const mounted = 'findmnt -rno TARGET -t fuse.glusterfs | sort | tr "\\n" " " | sed "s|$run/||g"'
  await eventually('all is mounted, and once', async () => (await pc.sh(mounted)) === shown)
})

test.serial(
  'a new version starts beside; an open file stays with the old one, which goes with its last user',
  async (t) => {
    const old = await only()
    await pc.tell('hold', {
      name: 'session',
      at: 'u/ada/ada',
      script: 'exec 3>>open; while read -r line; do echo "$line" >&3 && echo ok; done',
    })
    t.is(await pc.tell('ask', { name: 'session', line: 'before' }), 'ok')
    await pc.tell('version', '11.1-b')
    await eventually('the new client is used', async () => {
      const { current, running } = await pc.state()
      return current !== old.number && running.length === 2
    })
    await pc.tell('facts', { used: ['ada', 'bob'] })
    await eventually("bob's home is shown", () => pc.sh('ls $run/u/bob/bob/.deskfleet/lock'))
    const device = (at: string): Promise<string> => pc.sh(`findmnt -no MAJ:MIN $run/${at} | tail -1`)
    t.is(await device('u/ada/ada'), await device(`volumes/${old.number}`))
    t.not(await device('u/bob/bob'), await device(`volumes/${old.number}`))
    t.not(await device('storage/home'), await device(`volumes/${old.number}`))
    t.is(await pc.tell('ask', { name: 'session', line: 'after' }), 'ok')
    t.is(
      await pc.sh(
        'cat $run/volumes/*/homes/*/open | sort | uniq -c | tr -s " " | sed "s/^ //" | tr "\\n" ";"',
      ),
      '2 after;2 before;',
    )
    // Two passes of the mounter with a home on the old client are far apart: it waits for nothing.
    const { passes } = (await pc.state()) as State & { passes: number }
    await new Promise((done) => setTimeout(done, 4_000))
    const later = (await pc.state()) as State & { passes: number }
    t.true(later.passes - passes <= 1, `${later.passes - passes} passes in 4 s`)

    await pc.tell('drop', 'session')
    await pc.tell('drop', 'pod')
    await pc.tell('facts', { used: ['bob'] })
    await eventually('the old client has ended', async () => (await pc.state()).running.length === 1)
    t.is((await only()).version, '11.1-b')
    await eventually(
      'files that no process uses are gone',
      async () => (await pc.sh('ls $run/../laid')) === '11.1-b',
    )
    t.is(await pc.sh('ls $run/volumes'), `${(await only()).number}`)
  },
)

test.serial('a client that hangs is waited for', async (t) => {
  const { pid } = await only()
  await pc.sh(`kill -STOP ${pid}`)
  await pc.tell('facts', {})
  await eventually('it is told', async () => (await pc.state()).trouble === 'silent')
  await new Promise((done) => setTimeout(done, 6_000))
  t.is((await only()).pid, pid)
  await pc.sh(`kill -CONT ${pid}`)
  await eventually('it answers', async () => (await pc.state()).trouble === undefined)
  t.is((await only()).pid, pid)
  t.is(await pc.sh('ls -d $run/u/bob/bob'), await pc.sh('echo $run/u/bob/bob'))
})

test.serial('below quorum the client is left alone, and goes on when there are enough again', async (t) => {
  t.timeout(180_000)
  const { pid } = await only()
  await Promise.all([2, 3].map((number) => room.server(number).powerOff()))
  await eventually('it is told', async () => {
    await pc.tell('facts', {})
    return (await pc.state()).trouble === 'no-quorum'
  })
  await new Promise((done) => setTimeout(done, 5_000))
  t.is((await only()).pid, pid)
  t.is(await pc.sh('findmnt -no FSTYPE $run/u/bob/bob'), 'fuse.glusterfs', 'it is not taken off')
  await Promise.all([2, 3].map((number) => room.server(number).powerOn()))
  await eventually('it answers', async () => (await pc.state()).trouble === undefined, { seconds: 90 })
  t.is((await only()).pid, pid)
  t.regex(await pc.sh('ls -a $run/u/bob/bob'), /deskfleet/)
})

test.serial('mounts and processes stay when the mounter ends; the next one takes them over', async (t) => {
  const before = await only()
  await pc.tell('end')
  t.regex(await pc.sh('ls -a $run/u/bob/bob'), /deskfleet/)
  await pc.tell('begin', {})
  await eventually('it has looked', async () => (await pc.state()).current === before.number)
  t.deepEqual(await only(), before)
})

test.serial('without a mounted volume nothing is ever made in its place', async (t) => {
  await pc.tell('facts', { used: [] })
  await pc.tell('end')
  await pc.sh('umount $run/storage/home')
  await t.throwsAsync(pc.tell('homes', true), { message: /not the mounted volume/ })
  t.is(await pc.sh('ls -A $run/storage/home'), '')
})
