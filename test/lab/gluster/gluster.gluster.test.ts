import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { type GlusterLab, open, up } from '../../../lab/gluster/gluster.ts'
import { down } from '../../../lab/run/life.ts'
import { runFolder } from '../../../lab/run/places.ts'
import { identify, isAlive, withEnvironment } from '../../../lab/run/processes.ts'
import { readRecord } from '../../../lab/run/record.ts'
import { MARK } from '../../../lab/run/run.ts'
import { eventually } from '../../harness/wait.ts'

const name = `t-gluster-${process.pid}`
const other = `t-gluster-other-${process.pid}`
test.after.always(async () => {
  for (const one of [name, other]) await down(one)
})

/** Files that loop devices of this machine hold, removed or not. */
const held = (): string[] =>
  execFileSync('losetup', ['--list', '--noheadings', '--output', 'BACK-INO'], { encoding: 'utf8' })
    .split('\n')
    .map((inode) => inode.trim())

/** The disks of the PCs of a run, as such files. */
const disksOf = (run: string): string[] =>
  globSync(join(runFolder(run), 'gluster/pcs/*/disk.img')).map((image) => String(statSync(image).ino))

const links = (): string[] => readdirSync('/sys/class/net').sort()
const mounts = (): string => readFileSync('/proc/self/mounts', 'utf8')
const namespaces = (): string[] => ['mnt', 'net', 'pid'].map((kind) => readlinkSync(`/proc/self/ns/${kind}`))

let lab: GlusterLab
test.serial('PCs come up beside this machine, which does not change', async (t) => {
  t.timeout(240_000, 'the first time, a Debian with Gluster is made')
  const before = [links(), mounts(), namespaces()]
  lab = await up({ name, servers: 2, ownerPid: process.pid })
  t.deepEqual([links(), mounts(), namespaces()], before)
  const disks = disksOf(name)
  t.is(disks.length, 2)
  t.deepEqual(
    disks.filter((disk) => !held().includes(disk)),
    [],
  )
  t.deepEqual(
    lab.servers().map((pc) => pc.name),
    ['pc-1', 'pc-2'],
  )
  for (const pc of lab.servers()) {
    t.is((await pc.must(['hostname'])).trim(), pc.name)
    t.is((await pc.must(['readlink', '/proc/1/exe'])).trim(), '/usr/bin/tini')
    t.regex(await pc.must(['findmnt', '--noheadings', '--output', 'FSTYPE', '/brick']), /^xfs\s*$/)
  }
  await lab.servers()[0]?.must(['getent', 'hosts', 'pc-2'])
})

test.serial('a power cut takes what ran and /run, and leaves the disk', async (t) => {
  const [pc] = lab.servers()
  if (!pc) return t.fail('there is no PC')
  await pc.must([
    'sh',
    '-c',
    'echo kept >/brick/kept; sync; echo lost >/run/lost; echo kept >/var/lib/glusterd/kept',
  ])
  t.is((await pc.exec(['sleep', '20'], { timeout: 200 })).code, 124, 'a program is ended by its limit')
  await pc.powerOff()
  t.false(pc.isOn())
  await t.throwsAsync(async () => await pc.exec(['true']), { message: /pc-1 is off/ })
  await pc.powerOn()
  t.is((await pc.readOnDisk('kept')).toString(), 'kept\n')
  t.is((await pc.must(['cat', '/var/lib/glusterd/kept'])).trim(), 'kept')
  t.is((await pc.exec(['test', '-e', '/run/lost'])).code, 1)
})

test.serial('a cut cable loses what is sent, and mended carries it again', async (t) => {
  const [one, two] = lab.servers()
  if (!one || !two) return t.fail('there are no two PCs')
  const reaches = async (): Promise<boolean> => {
    const probe = ['timeout', '2', 'bash', '-c', `exec 3<>/dev/tcp/${two.name}/24007`]
    return (await one.exec(probe)).code === 0
  }
  t.true(await reaches())
  await two.cutOff()
  t.false(await reaches())
  await two.mend()
  await eventually('pc-1 reaches pc-2 again', reaches, { seconds: 20 })
})

test.serial('the next `up` clears away what a killed owner left, loop devices and all', async (t) => {
  const owner = spawn('sleep', ['600'])
  await once(owner, 'spawn')
  await up({ name: other, servers: 1, ownerPid: owner.pid ?? 0 })
  const left = withEnvironment(`${MARK}=${runFolder(other)}`)
  t.true(left.length > 4)
  const [disk = ''] = disksOf(other)
  t.true(held().includes(disk))
  owner.kill('SIGKILL')
  await once(owner, 'exit')
  await up({ name, servers: 2, ownerPid: process.pid })
  t.false(existsSync(runFolder(other)))
  t.deepEqual(left.filter(isAlive), [])
  await eventually('the loop device is free', () => !held().includes(disk))
})

test.serial('whoever kills the switch ends all PCs, and the run is no run', async (t) => {
  const wire = readRecord(lab.dir)?.processes.find(({ id }) => id === 'wire')?.process
  const inside = lab
    .servers()
    .map((pc) => readRecord(lab.dir)?.processes.find(({ id }) => id === pc.name)?.process?.pid)
  if (!wire) return t.fail('no switch is recorded')
  const disks = disksOf(name)
  process.kill(wire.pid, 'SIGKILL')
  await eventually('the PCs are gone', () => inside.every((pid) => identify(pid ?? 0) === undefined))
  t.is(await open(name), undefined)
  await down(name)
  t.false(existsSync(lab.dir))
  await eventually('the loop devices are free', () => !disks.some((disk) => held().includes(disk)))
})
