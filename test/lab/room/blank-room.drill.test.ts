import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { GLUSTER } from '../../../config/names.ts'
import { type BlankRoom, openBlank, upBlank } from '../../../lab/room/blank-room.ts'
import { otherRooms } from '../../../lab/room/kinds.ts'
import { open, up } from '../../../lab/room/room.ts'
import { down } from '../../../lab/run/life.ts'
import { holdersOfSettings } from '../../../lab/run/machine-settings.ts'
import { runFolder, runsFolder } from '../../../lab/run/places.ts'
import { withEnvironment } from '../../../lab/run/processes.ts'
import { containedIn } from '../../harness/contained.ts'
import { becomes } from '../../harness/wait.ts'

/** PCs with an empty Debian and no cluster: two of them, in a room of their own. */

const name = `t-blank-${process.pid}`
let room: BlankRoom

test.before(async (t) => {
  t.timeout(900_000, 'the first time, their Debian is made')
  const began = performance.now()
  room = await upBlank({ name, count: 2, ownerPid: process.pid, progress: t.log })
  t.log(`two blank PCs after ${Math.round((performance.now() - began) / 1000)} s`)
})

test.after.always(async () => {
  await down(name)
})

const said = async (pc: string, script: string, input?: string): Promise<string> => {
  const { code, stdout, stderr } = await room.run(pc, script, input)
  if (code !== 0) throw new Error(`${pc}: ${script}: ${stderr}`)
  return stdout.trim()
}
const isUp = (pc: string) => becomes(`the system of ${pc}`, () => room.system(pc), 'running', { seconds: 60 })
const bootId = (pc: string): Promise<string> => said(pc, 'cat /proc/sys/kernel/random/boot_id')
const bootOr = async (pc: string): Promise<string> =>
  (await room.run(pc, 'cat /proc/sys/kernel/random/boot_id')).stdout.trim()

test.serial('every PC is up, knows its name and its address, and has nothing of Kubernetes', async (t) => {
  t.deepEqual(
    room.pcs.map((pc) => pc.name),
    ['pc-1', 'pc-2'],
  )
  for (const { name: pc, address } of room.pcs) {
    await isUp(pc)
    t.is(await said(pc, 'cat /proc/1/comm'), 'systemd')
    t.is(await said(pc, 'hostname'), pc)
    t.is(await said(pc, 'getent hosts "$(hostname)" | cut -d " " -f 1'), address)
    t.is(await said(pc, 'ls /media/stick'), '')
    const foreign = [
      'kubelet',
      'kubeadm',
      'containerd',
      'runc',
      'chronyd',
      'openssl',
      'curl',
      'git',
      'mkfs.xfs',
    ]
    t.is(await said(pc, `for one in ${foreign.join(' ')}; do ! command -v $one; done`), '')
  }
  t.not(await said('pc-1', 'cat /etc/machine-id'), await said('pc-2', 'cat /etc/machine-id'))
  t.not(await bootId('pc-1'), await bootId('pc-2'))
})

test.serial('who asks for a name that nobody knows hears so at once', async (t) => {
  const began = performance.now()
  t.not((await room.run('pc-1', 'getent hosts nobody.example.org')).code, 0)
  t.true(performance.now() - began < 5_000)
})

test.serial('every PC has a brick of its own, though it cannot make one itself', async (t) => {
  for (const pc of ['pc-1', 'pc-2']) {
    t.is(await said(pc, `findmnt --noheadings --output FSTYPE ${GLUSTER.brick}`), 'xfs')
    await said(pc, `echo ${pc} >${GLUSTER.brick}/proof && sync ${GLUSTER.brick}/proof`)
  }
  t.is(await said('pc-1', `cat ${GLUSTER.brick}/proof`), 'pc-1')
})

test.serial('they reach each other, and hear what the stick has', async (t) => {
  await said('pc-1', 'ping -c 1 -W 5 10.90.0.52')
  await said('pc-2', 'ping -c 1 -W 5 10.90.0.51')
  // sshd and the like are not there: systemd listens, for a program that says its name.
  const unit = '[Socket]\nListenStream=7777\nAccept=yes\n'
  const service = '[Service]\nExecStart=/bin/hostname\nStandardOutput=socket\n'
  await said('pc-2', 'cat >/run/systemd/system/said.socket', unit)
  await said('pc-2', 'cat >/run/systemd/system/said@.service', service)
  await said('pc-2', 'systemctl daemon-reload && systemctl start said.socket')
  t.is(await said('pc-1', "bash -c 'cat </dev/tcp/10.90.0.52/7777'"), 'pc-2')
  writeFileSync(join(room.stick, 'what'), 'is on it')
  for (const pc of ['pc-1', 'pc-2']) t.is(await said(pc, 'cat /media/stick/what'), 'is on it')
  t.not((await room.run('pc-1', 'touch /media/stick/more')).code, 0)
})

test.serial('this machine reaches a place in there by a port of its own', async (t) => {
  const port = await room.wayIn('said', '10.90.0.52:7777')
  const asked = `exec 3<>/dev/tcp/127.0.0.1/${port}; cat <&3`
  t.is(execFileSync('bash', ['-c', asked], { encoding: 'utf8', timeout: 10_000 }), 'pc-2\n')
})

test.serial('one that is cut off reaches nobody until the mend', async (t) => {
  const reaches = async (): Promise<boolean> =>
    (await room.run('pc-1', 'ping -c 1 -W 1 10.90.0.52')).code === 0
  await room.pc.cut('pc-1')
  t.false(await reaches())
  t.true(await room.pc.isOn('pc-1'))
  await room.pc.mend('pc-1')
  t.true(await reaches())
  await room.pc.cutFromApi('pc-1')
  await room.pc.mend('pc-1')
})

test.serial('power goes and comes: the same disk, address and brick, and another boot', async (t) => {
  t.timeout(180_000)
  const before = await bootId('pc-2')
  await said('pc-2', 'echo kept >/etc/kept; echo kept >/var/lib/kept; sync')
  for (const { name: pc } of room.pcs) await room.pc.off(pc)
  t.is(await room.system('pc-2'), 'off')
  const found = await openBlank(name)
  t.deepEqual(found?.pcs, room.pcs, 'a room whose PCs are off is a room')
  for (const { name: pc } of room.pcs) await room.pc.on(pc)
  for (const { name: pc } of room.pcs) await isUp(pc)
  t.not(await bootId('pc-2'), before)
  t.is(await said('pc-2', `cat /etc/kept /var/lib/kept ${GLUSTER.brick}/proof`), 'kept\nkept\npc-2')
  t.regex(await said('pc-2', 'ip -oneline -4 address show eth0'), / 10\.90\.0\.52\/24 /)
  await said('pc-1', 'ping -c 1 -W 5 10.90.0.52')
})

test.serial('a PC is rebooted in order, and one that restarts itself is booted again', async (t) => {
  t.timeout(180_000)
  const first = await bootId('pc-1')
  await room.pc.reboot('pc-1')
  await isUp('pc-1')
  const second = await bootId('pc-1')
  t.not(second, first)
  await room.run('pc-1', 'systemctl reboot')
  const another = async (): Promise<string> => {
    const now = await bootOr('pc-1')
    return now !== '' && now !== second ? 'another' : 'none yet'
  }
  await becomes('its boot', another, 'another', { seconds: 60 })
  await isUp('pc-1')
})

test.serial('a lost disk is an empty one after the next boot', async (t) => {
  t.timeout(120_000)
  await room.disk.lose('pc-1')
  await room.pc.reboot('pc-1')
  await isUp('pc-1')
  t.is(
    await said('pc-1', `findmnt --noheadings --output FSTYPE ${GLUSTER.brick}; ls ${GLUSTER.brick}`),
    'xfs',
  )
})

test.serial('it is found by its size and its kind alone', async (t) => {
  const wish = { name, ownerPid: process.pid }
  await t.throwsAsync(upBlank({ ...wish, count: 3 }), { message: /was made with 2 PCs/ })
  await t.throwsAsync(up(wish), { message: /is a blank room: end that first/ })
  t.is(await open(name), undefined)
  t.is((await upBlank({ ...wish, count: 2 })).dir, room.dir)
  t.true(otherRooms('another').includes(name))
  await t.throwsAsync(room.run('pc-3', 'true'), { message: /no PC "pc-3": it has pc-1, pc-2/ })
})

test.serial('`down` leaves no process, mount, disk, network or cgroup of it', async (t) => {
  const [machine] = room.machine.network.filter((word) => /^\d+$/.test(word))
  const networks = new Set([readlinkSync(`/proc/${machine}/ns/net`)])
  for (const { name: pc } of room.pcs) {
    const pid = await room.machine.must(['podman', 'inspect', '--format', '{{.State.Pid}}', pc])
    networks.add((await room.machine.must(['readlink', `/proc/${pid.trim()}/ns/net`])).trim())
  }
  t.is(networks.size, 3)
  const images = new Set<string>()
  for (const { name: pc } of room.pcs) images.add(await said(pc, `stat --format %i /var/lib/room/${pc}.img`))
  t.is(images.size, 2)
  const left = () => ({
    bricks: inodesOfLoops().filter((inode) => images.has(inode)).length,
    networks: networksInUse().some((one) => networks.has(one)),
    marked: withEnvironment(`DESKFLEET_LAB_RUN=${runFolder(name)}`).length > 0,
    contained: containedIn(name) > 0,
    cgroups: globSync(`/sys/fs/cgroup/{,*/}deskfleet-${name}`).length > 0,
    runs: existsSync(runFolder(name)),
    holdsSettings: holdersOfSettings(runsFolder()).includes(name),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8').includes(name),
  })
  // Mounts of it are seen by nobody outside, even while it runs.
  const whole = {
    networks: true,
    marked: true,
    contained: true,
    cgroups: true,
    runs: true,
    holdsSettings: true,
  }
  t.deepEqual(left(), { ...whole, bricks: 2, mounts: false })
  await room.down()
  // The kernel lets go of a disk a moment after the last one that had it mounted.
  await becomes('its disks', () => left().bricks, 0)
  const none = { networks: false, marked: false, contained: false, cgroups: false, runs: false }
  t.deepEqual(left(), { ...none, holdsSettings: false, bricks: 0, mounts: false })
})

/** A path does not tell whose image it is: PCs of all such rooms have the same names. */
const inodesOfLoops = (): string[] =>
  execFileSync('losetup', ['--list', '--noheadings', '--output', 'BACK-INO'], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim())

/** Of all processes, and of those that are kept by a name. */
const networksInUse = (): string[] => {
  const kept = existsSync('/run/netns') ? readdirSync('/run/netns').map((one) => `/run/netns/${one}`) : []
  const inodes = kept.map((file) =>
    execFileSync('stat', ['--format', 'net:[%i]', file], { encoding: 'utf8' }),
  )
  const processes = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid))
  return [
    ...inodes.map((one) => one.trim()),
    ...processes.flatMap((pid) => {
      try {
        return [readlinkSync(`/proc/${pid}/ns/net`)]
      } catch {
        return []
      }
    }),
  ]
}
