import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { CLUSTER_CA, haproxy } from '../../charts/door/haproxy.ts'
import { API_SERVER_PORT, DOOR } from '../../config/names.ts'
import { packageTree } from '../../lab/debian/packages.ts'
import { freePorts } from '../../lab/network/ports.ts'
import { readRecord } from '../../lab/run/record.ts'
import { processOf } from '../../lab/run/run.ts'
import { must, type OwnLab, ownLab } from '../harness/lab.ts'
import { temporaryFolder } from '../harness/temporary-folder.ts'
import { becomes } from '../harness/wait.ts'

/** Whether a master should hold the room's address, as real haproxy there and its check say, beside a real API server. */

const SCRIPT = join(import.meta.dirname, '../../images/door/door-is-well')
let own: OwnLab
let health = 0

test.before(async (t) => {
  t.timeout(300_000, 'the first time, haproxy is fetched')
  own = await ownLab()
  const { lab } = own
  const [plain = 0, desk = 0, port = 0] = await freePorts(3)
  health = port
  const folder = temporaryFolder()
  const root = ['get', 'configmap', CLUSTER_CA.configMap, '-n', 'default', '-o', 'jsonpath={.data.ca\\.crt}']
  await becomes('the authority in the namespace', async () => (await must(lab, root)) !== '', true)
  writeFileSync(join(folder, CLUSTER_CA.file), await must(lab, root))
  const here = new URL(lab.server).host
  const settings = haproxy('desk.room.example.org', [])
    .replace('bind :80', `bind 127.0.0.1:${plain}`)
    .replace('bind :443', `bind 127.0.0.1:${desk}`)
    .replace(`127.0.0.1:${DOOR.health}`, `127.0.0.1:${health}`)
    .replace(`127.0.0.1:${API_SERVER_PORT}`, here)
    .replace(`${CLUSTER_CA.folder}/`, `${folder}/`)
  writeFileSync(join(folder, 'haproxy.cfg'), settings)
  const { bin } = await packageTree({ suite: 'trixie', packages: ['haproxy'], programs: ['haproxy'] })
  // Without the master process that its pod has: out of its image it does not find itself again.
  const args = ['-db', '-f', join(folder, 'haproxy.cfg')]
  await lab.start('haproxy', join(bin, 'haproxy'), args, { env: { HOST_IP: '127.0.0.1' } })
})
test.after.always(() => own?.end())

const well = (...paths: string[]): Promise<boolean> =>
  new Promise((done) => {
    execFile('bash', [SCRIPT, String(health), ...paths], { timeout: 3_000 }, (error) => done(error === null))
  })

/** What a process of the lab is told. */
function tell(program: string, signal: NodeJS.Signals): void {
  const { dir } = own.lab
  const found = readRecord(dir)?.processes.find(({ id }) => id === program)
  if (!found) throw new Error(`no ${program} runs`)
  for (const { pid } of processOf(dir, found)) process.kill(pid, signal)
}

test.serial('an API server that is ready: the address may be here, if a gateway is led to', async (t) => {
  await becomes('whether it is well', () => well(DOOR.apiServer), true, { seconds: 30 })
  t.false(await well(DOOR.leads), 'there is no gateway here')
  t.false(await well(DOOR.apiServer, DOOR.leads), 'and both must be')
})

test.serial('one that listens and is not ready, since its etcd says nothing: the address goes', async (t) => {
  tell('etcd', 'SIGSTOP')
  try {
    t.true(await well(DOOR.apiServer), 'one slow moment moves nobody')
    await becomes('whether it is well', () => well(DOOR.apiServer), false, { seconds: 60 })
  } finally {
    tell('etcd', 'SIGCONT')
  }
  await becomes('whether it is well', () => well(DOOR.apiServer), true, { seconds: 60 })
})

test.serial('one that hangs: the address goes', async (t) => {
  tell('kube-apiserver', 'SIGSTOP')
  try {
    await becomes('whether it is well', () => well(DOOR.apiServer), false, { seconds: 60 })
  } finally {
    tell('kube-apiserver', 'SIGCONT')
  }
  await becomes('whether it is well', () => well(DOOR.apiServer), true, { seconds: 60 })
  t.pass()
})

test.serial('nothing answers at the door: the address goes', async (t) => {
  await own.lab.stop('haproxy')
  t.false(await well(DOOR.apiServer))
})
