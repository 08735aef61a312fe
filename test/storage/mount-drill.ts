import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { LOCK_FOLDER, LOCK_NOTE, readNote } from '../../config/home-lock.ts'
import { ofThisPc } from '../../service/clock.ts'
import { earlyNotes } from '../../storage/mounter/early-notes.ts'
import { directorySource, mountsBelow } from '../../storage/mounter/mounts.ts'
import { uuidOf } from './facts.ts'

/**
 * Runs in a mount namespace of its own (see mounts.test.ts) and prints what it saw, as JSON. A child in a further
 * namespace that only hears of mounts stands for the pod of a person: HostToContainer, as the kubelet sets it up.
 */

const [top = ''] = process.argv.slice(2)
const sh = (command: string): string => execFileSync('sh', ['-c', command], { encoding: 'utf8' }).trim()
const run = join(top, 'run')
const storage = join(top, 'storage')
mkdirSync(run)
const home = join(storage, 'homes', uuidOf(1))
const lock = join(home, LOCK_FOLDER)
mkdirSync(lock, { recursive: true })
writeFileSync(join(lock, '9'), 'earlier')
writeFileSync(join(lock, '10'), 'as it was')
symlinkSync('/etc/hostname', join(lock, '11'))
execFileSync('mkfifo', [join(lock, '12')])
execFileSync('chown', ['--recursive', '--no-dereference', '12345:12345', home])
writeFileSync(join(storage, 'homes', uuidOf(1), 'thesis'), 'work')
sh(`mount -t tmpfs tmpfs ${run} && mount --make-shared ${run}`)

const early = earlyNotes()
const mounts = mountsBelow(run, directorySource(storage), undefined, early)
const wanted = { parent: 'u/ada', name: 'ada', source: `homes/${uuidOf(1)}` }
const seen: Record<string, unknown> = {}

seen.storageWithoutMarker = await mounts.storage()
writeFileSync(join(storage, '.deskfleet-storage'), '{}')
seen.storageWithMarker = await mounts.storage()

await mounts.list()
seen.parentBefore = existsSync(join(run, 'u/ada'))
await mounts.mount(wanted)
const [first] = await mounts.list()
seen.mounted = first && first.name === 'ada' && first.id === (await mounts.identify([wanted]))[0]
seen.file = readFileSync(join(run, 'u/ada/ada/thesis'), 'utf8')
seen.left = readdirSync(join(run, '.making'))
const note = () => readNote(readFileSync(join(run, 'u/ada', LOCK_NOTE), 'utf8')) ?? { at: Number.NaN }
const { at, ...noted } = note()
seen.noted = noted
seen.notedAgo = ofThisPc() - at >= 0 && ofThisPc() - at < 10_000
seen.options = sh(`findmnt -no OPTIONS ${run}/u/ada/ada`)

// The pod: sees what it holds, and what comes later.
const pod = spawn(
  'unshare',
  ['-m', '--propagation', 'slave', 'sh', '-c', `cd ${run}/u/ada && echo in && exec cat`],
  {
    stdio: ['pipe', 'pipe', 'inherit'],
  },
)
await once(pod.stdout, 'data')
const inPod = (command: string): string =>
  sh(`nsenter -m -t ${pod.pid} sh -c 'cd /proc/${pod.pid}/cwd && ${command}' 2>&1 || true`)
seen.pod = inPod('cat ada/thesis')

// A home in use is not taken away.
const user = spawn(
  'unshare',
  ['-m', '--propagation', 'slave', 'sh', '-c', `cd ${run}/u/ada/ada && echo in && exec cat`],
  {
    stdio: ['pipe', 'pipe', 'inherit'],
  },
)
await once(user.stdout, 'data')
const [mounted] = await mounts.list()
if (!mounted) throw new Error('nothing is mounted')
seen.busy = await mounts.release(mounted).then(
  () => 'released',
  (error) => String(error.stderr).includes('busy'),
)
user.kill('SIGKILL')
await once(user, 'close')

// It vanishes, and comes back under the running pod.
sh(`umount ${run}/u/ada/ada`)
seen.vanished = await mounts.list()
seen.placeholder = lstatSync(join(run, 'u/ada/ada')).mode & 0o777
seen.podWithout = inPod('ls ada')
// What was noted before counts, as long as the lock says the same.
early.add(wanted.source, { at: 5, generation: 10, text: 'as it was' })
await mounts.mount(wanted)
seen.notedEarlier = note().at
seen.podAgain = inPod('cat ada/thesis')

sh(`umount ${run}/u/ada/ada`)
writeFileSync(join(lock, '10'), 'as it is now')
await mounts.mount(wanted)
seen.notedAnew = note().at !== 5

pod.kill('SIGKILL')
await once(pod, 'close')
const [last] = await mounts.list()
if (last) await mounts.release(last)
seen.released = { mounts: await mounts.list(), parent: existsSync(join(run, 'u/ada')) }
seen.kept = readFileSync(join(storage, 'homes', uuidOf(1), 'thesis'), 'utf8')

// A crash between mount and rename.
sh(`mkdir -p ${run}/.making/u+bob/bob && mount --bind ${storage}/homes/${uuidOf(1)} ${run}/.making/u+bob/bob`)
await mounts.list()
seen.afterCrash = sh(`grep -c u+bob /proc/self/mountinfo || true`)

// Where mounting fails, pods go on waiting: the parent does not appear without its mount.
const path = process.env.PATH
process.env.PATH = '/nowhere'
await mounts.mount({ ...wanted, parent: 'u/zoe' }).catch(() => {})
process.env.PATH = path
seen.parentWithoutMount = existsSync(join(run, 'u/zoe'))

// A link in place of a home is not followed.
sh(`ln -s /etc ${storage}/homes/${uuidOf(2)}`)
seen.link = await mounts.mount({ parent: 'u/eve', name: 'eve', source: `homes/${uuidOf(2)}` }).then(
  () => 'mounted',
  (error) => error.message.includes('is not a directory'),
)

const COUNT = 200
const began = performance.now()
for (let number = 0; number < COUNT; number++) await mounts.mount({ ...wanted, parent: `u/p${number}` })
seen.millisecondsEach = Math.round((performance.now() - began) / COUNT)
console.log(JSON.stringify(seen))
