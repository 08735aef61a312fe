import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { down } from '../../../lab/bare.ts'
import { runFolder, runsFolder } from '../../../lab/places.ts'
import { withEnvironment } from '../../../lab/processes.ts'
import { machineRoot } from '../../../lab/room/machine.ts'
import { machineSettings } from '../../../lab/room/machine-settings.ts'
import { isRoom, open, up } from '../../../lab/room/room.ts'

/** Rooms change and restore settings of the whole machine, so no other room may run beside these tests. */
const name = `t-clean-${process.pid}`

test.after.always(async () => {
  await down(name)
})

/** Everything of the machine that a room could leave something in. */
async function traces() {
  const root = await machineRoot()
  const inMachine = (...args: string[]): string =>
    execFileSync('chroot', [root, ...args], { encoding: 'utf8' })
  return {
    settings: machineSettings(),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8').split('\n').length,
    links: readFileSync('/proc/net/dev', 'utf8').match(/^ *\S+:/gm),
    routes: readFileSync('/proc/net/route', 'utf8'),
    rules: inMachine('nft', 'list', 'ruleset'),
    forwarding: readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8'),
    namespaces: existsSync('/run/netns') ? readdirSync('/run/netns') : [],
    devices: readdirSync('/dev').sort(),
    cgroups: globSync('{,*/}{deskfleet-*,libpod*}', { cwd: '/sys/fs/cgroup' }),
    processes: withEnvironment(`DESKFLEET_LAB_RUN=${runFolder(name)}`).length,
    runs: readdirSync(runsFolder()).filter((one) => one.includes(name)),
  }
}

test.serial('after `down` the machine is as it was before `up`', async (t) => {
  t.timeout(3_600_000, 'the first time, everything is built')
  t.deepEqual(
    readdirSync(runsFolder()).filter((one) => isRoom(runFolder(one.replace(/\.lock$/, '')))),
    [],
    'a room runs beside this test: end it first',
  )
  await machineRoot()
  const before = await traces()
  const room = await up({ name, masters: 1, workers: 0, ownerPid: process.pid, progress: t.log })
  const during = await traces()
  t.notDeepEqual(during.settings, before.settings, 'kubelet has written settings: else this shows nothing')
  t.true(during.cgroups.length > 0)
  t.deepEqual(
    [during.links, during.routes, during.rules, during.forwarding, during.devices, during.mounts],
    [before.links, before.routes, before.rules, before.forwarding, before.devices, before.mounts],
    'even while it runs, nothing of its network and mounts is seen outside',
  )
  await room.down()
  t.deepEqual(await traces(), before)
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
    lines.some((line) => line.startsWith(`clearing away "${name}"`)),
    lines.join('\n'),
  )
  t.is((await room.run(['get', '--raw', '/readyz'])).stdout, 'ok')
  await room.down()
  t.deepEqual(await traces(), before)
})
