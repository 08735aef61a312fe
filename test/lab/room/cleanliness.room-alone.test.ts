import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { machineRoot } from '../../../lab/machine/root.ts'
import { otherRooms } from '../../../lab/room/kinds.ts'
import { open, up } from '../../../lab/room/room.ts'
import { down } from '../../../lab/run/life.ts'
import { holdersOfSettings, machineSettings } from '../../../lab/run/machine-settings.ts'
import { runFolder, runsFolder } from '../../../lab/run/places.ts'
import { withEnvironment } from '../../../lab/run/processes.ts'
import { runNames } from '../../../lab/run/record.ts'
import { containedIn } from '../../harness/contained.ts'
import { disksOf } from '../../harness/loop-disks.ts'

/** Of its own name, so that what is looked for is its own: other rooms and labs may stand beside it. */
const name = `t-clean-${process.pid}`

test.after.always(async () => {
  await down(name)
})

/** Everything of the machine that a room could leave something in, without what bears the name of another run. */
async function traces() {
  const root = await machineRoot()
  const inMachine = (...args: string[]): string =>
    execFileSync('chroot', [root, ...args], { encoding: 'utf8' })
  const others = runNames().filter((one) => one !== name)
  const isOurs = (trace: string): boolean =>
    !others.some((one) => trace.endsWith(`/deskfleet-${one}`) || `${trace}/`.startsWith(`${runFolder(one)}/`))
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  return {
    mounts: mounts.map((line) => line.split(' ')[4] ?? '').filter(isOurs),
    links: readFileSync('/proc/net/dev', 'utf8').match(/^ *\S+:/gm),
    routes: readFileSync('/proc/net/route', 'utf8'),
    rules: inMachine('nft', 'list', 'ruleset'),
    forwarding: readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8'),
    namespaces: existsSync('/run/netns') ? readdirSync('/run/netns') : [],
    // The kernel makes one more whenever all loop devices are in use, whoever asked, and keeps it.
    devices: readdirSync('/dev')
      .filter((device) => !/^loop\d+$/.test(device))
      .sort(),
    bricks: disksOf(`${name}-`),
    cgroups: globSync('/sys/fs/cgroup/{,*/}{deskfleet-*,libpod*}').filter(isOurs).sort(),
    processes: withEnvironment(`DESKFLEET_LAB_RUN=${runFolder(name)}`).length,
    contained: containedIn(name),
    runs: readdirSync(runsFolder()).filter((one) => one.includes(name)),
    holdsSettings: holdersOfSettings(runsFolder()).includes(name),
  }
}

test.serial('after `down` the machine is as it was before `up`', async (t) => {
  t.timeout(3_600_000, 'the first time, everything is built')
  await machineRoot()
  const neighbours = otherRooms(name)
  const [before, settings] = [await traces(), machineSettings()]
  const room = await up({ name, masters: 1, workers: 0, ownerPid: process.pid, progress: t.log })
  const during = await traces()
  t.true(during.holdsSettings)
  if (neighbours.length === 0) {
    t.notDeepEqual(machineSettings(), settings, 'kubelet has written settings: else this shows nothing')
  } else {
    t.log(`the machine's settings stay as ${neighbours.join(', ')} beside this has them`)
  }
  t.true(during.cgroups.length > before.cgroups.length)
  t.true(during.contained > 0)
  t.is(during.bricks.length, 1)
  t.deepEqual(
    [during.links, during.routes, during.rules, during.forwarding, during.devices, during.mounts],
    [before.links, before.routes, before.rules, before.forwarding, before.devices, before.mounts],
    'even while it runs, nothing of its network and mounts is seen outside',
  )
  await room.down()
  t.deepEqual(await traces(), before)
  // Beside the same neighbours they are as the neighbours have them; without any, as the machine had them.
  if (neighbours.join() === otherRooms(name).join()) t.deepEqual(machineSettings(), settings)
})

test.serial('a room killed in the middle of `up` is cleared away by the next one', async (t) => {
  t.timeout(1_800_000)
  const before = await traces()
  const first = spawn(process.execPath, ['lab/command.ts', 'room', 'up', '--name', name, '--workers', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  first.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  while (!said.includes('Starting control-plane') && first.exitCode === null) await sleep(50)
  first.kill('SIGKILL')
  await once(first, 'exit')
  t.is(await open(name), undefined)
  t.true((await traces()).processes > 0, 'the machine outlives the command that started it')

  const lines: string[] = []
  const room = await up({
    name,
    masters: 1,
    workers: 0,
    ownerPid: process.pid,
    progress: (line) => lines.push(line),
  })
  t.true(
    lines.some((line) => line.startsWith(`clearing away the room "${name}"`)),
    lines.join('\n'),
  )
  t.is((await room.run(['get', '--raw', '/readyz'])).stdout, 'ok')
  await room.down()
  t.deepEqual(await traces(), before)
})
