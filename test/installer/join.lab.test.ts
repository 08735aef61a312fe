import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CoreV1Api, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node'
import test, { type ExecutionContext } from 'ava'
import { parse } from 'yaml'
import { publicKeyHash } from '../../cluster/bootstrap-token.ts'
import { BRICK, CORES, CPU_LEVEL, DISK_FREE, MASTER, WRITE_TAKES } from '../../config/labels.ts'
import { CROWN, GLUSTER } from '../../config/names.ts'
import { issue, type KeyPair } from '../../lab/bare/certificates.ts'
import { openCredentials } from '../../lab/bare/credentials.ts'
import { locate } from '../../lab/binaries/locate.ts'
import { must, type OwnLab, ownLab } from '../harness/lab.ts'
import { temporaryFolder } from '../harness/temporary-folder.ts'
import { eventually } from '../harness/wait.ts'
import { type BlankPc, blankPc, DISK_BYTES, REPOSITORY } from './blank-pc.ts'
import { makeBundle } from './bundle.ts'

/**
 * A bare PC joins, is repaired and leaves, beside a real API server that says what it is in the room, and takes its labels by the
 * kubelet's own certificate. kubeadm, kubelet, containerd, systemd and apt are stand-ins: they show what is called, and when.
 */

const rootOnly = process.getuid?.() === 0 ? test.serial : test.serial.skip
const NAME = 'pc-7'
const TOKEN = 'abcdef.0123456789abcdef'
const { brick } = GLUSTER
const MERGE = setHeaderOptions('Content-Type', PatchStrategy.MergePatch)

let own: OwnLab
let kubelet: KeyPair
let authority: string

test.before(async (t) => {
  t.timeout(180_000)
  own = await ownLab()
  const { pair } = openCredentials(own.lab.dir)
  authority = pair('cluster-ca').certificate
  kubelet = await issue(pair('cluster-ca'), { name: `system:node:${NAME}`, groups: ['system:nodes'] })
  heartbeats = setInterval(() => void beat().catch(() => {}), 8_000)
})
test.after.always(async () => {
  clearInterval(heartbeats)
  await own?.end()
})

/** What its kubelet says of itself; nothing while there is no Node. A silent one counts as dead after 40 s. */
let kubeletSays: 'True' | 'False' | undefined
let heartbeats: ReturnType<typeof setInterval> | undefined

async function beat(): Promise<void> {
  if (kubeletSays === undefined) return
  const now = new Date().toISOString()
  const at = { lastHeartbeatTime: now, lastTransitionTime: now }
  const ready = { type: 'Ready', status: kubeletSays, ...at, reason: 'Test', message: '' }
  const core = own.kubeConfig.makeApiClient(CoreV1Api)
  await core.patchNodeStatus({ name: NAME, body: { status: { conditions: [ready] } } }, MERGE)
}
async function is(status: 'True' | 'False'): Promise<void> {
  await must(own.lab, ['apply', '-f', '-'], { apiVersion: 'v1', kind: 'Node', metadata: { name: NAME } })
  kubeletSays = status
  await beat()
}
async function lost(): Promise<void> {
  kubeletSays = undefined
  await must(own.lab, ['delete', 'node', NAME, '--ignore-not-found'])
}
const node = () => own.kubeConfig.makeApiClient(CoreV1Api).readNode({ name: NAME })

const endpoint = (): string => own.lab.server.replace('https://', '')
const answers = (): string =>
  [
    '# of the room',
    `endpoint: ${endpoint()}`,
    `ca-cert-hash: ${publicKeyHash(authority)}`,
    `token: ${TOKEN}`,
    'kubernetes: v1.37.2',
    'registry: registry.room.example.org:5000',
    `registry-ca: ${Buffer.from(authority).toString('base64')}`,
    'registry-login: pull:secret-of-the-registry',
    'time-servers: 10.0.0.1 10.0.0.2',
    'bundle: /srv/given/bundle',
    '',
  ].join('\n')

async function pcFor(t: ExecutionContext): Promise<BlankPc> {
  t.timeout(240_000)
  const pc = await blankPc(join(temporaryFolder(), 'pc'), [{ serial: 'DATA-1', size: DISK_BYTES }])
  t.teardown(() => pc.scrap())
  await give(pc)
  return pc
}

/** What the room gives to who joins, and what an administrator brings along. */
async function give(pc: BlankPc): Promise<void> {
  const binaries = await locate(['control-plane', 'node'])
  for (const name of ['kubectl', 'kubeadm']) {
    copyFileSync(binaries.get(name) ?? name, join(pc.given, name))
    chmodSync(join(pc.given, name), 0o755)
  }
  makeBundle(join(pc.given, 'bundle'), {}, '/srv/given/kubectl')
  const write = (name: string, text: string) => writeFileSync(join(pc.given, name), text, { mode: 0o600 })
  write('answers.yaml', answers())
  write('ca.crt', authority)
  write('client.pem', `${kubelet.certificate}\n${kubelet.key}`)
  const file = '/var/lib/kubelet/pki/kubelet-client-current.pem'
  write(
    'kubelet.conf',
    `apiVersion: v1
kind: Config
clusters:
- name: room
  cluster:
    certificate-authority: /etc/kubernetes/pki/ca.crt
    server: ${own.lab.server}
contexts:
- name: kubelet
  context: { cluster: room, user: kubelet }
current-context: kubelet
users:
- name: kubelet
  user: { client-certificate: ${file}, client-key: ${file} }
`,
  )
}

const WORDS = [
  '--answers',
  '/srv/given/answers.yaml',
  '--disk',
  '/dev/disk/by-id/ata-Test_DATA-1',
  '--confirm',
  'DATA-1',
]
async function done(t: ExecutionContext, pc: BlankPc, ...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await pc.install(...words)
  t.is(code, 0, `${stdout}${stderr}`)
  return stdout
}
async function refused(
  t: ExecutionContext,
  pc: BlankPc,
  words: readonly string[],
  why: RegExp,
): Promise<void> {
  await pc.calls()
  const { code, stdout, stderr } = await pc.install(...words, '--apply')
  t.is(code, 1, stdout)
  t.regex(stdout, why)
  t.regex(stderr, /nothing was changed/)
  t.deepEqual(await pc.calls(), [])
}

/** As the kubelet would: does something as soon as the PC has called that. */
async function whenCalled(pc: BlankPc, call: string, then: () => Promise<void>): Promise<void> {
  const seen = () => pc.run(`grep -q '^${call}' /var/log/calls`)
  await eventually(call, async () => (await seen()).code === 0, { seconds: 200 })
  await then()
}

async function isWorker(t: ExecutionContext, pc: BlankPc): Promise<void> {
  t.is(await pc.said(`findmnt --noheadings --output FSTYPE ${brick}`), 'xfs')
  t.is(await pc.said('cat /etc/kubernetes/pki/ca.crt'), authority.trim())
  t.is(await pc.said(`cat ${CROWN.door}`), own.lab.server)
  t.is(await pc.said(`stat -c %a ${CROWN.onPc}`), '755')
  const { metadata } = await node()
  t.is(metadata?.labels?.[BRICK], 'true')
  t.regex(metadata?.labels?.[CORES] ?? '', /^\d+$/)
  t.regex(metadata?.labels?.[CPU_LEVEL] ?? '', /^x86-64-v\d$|^aarch64$/)
  t.true(Number(metadata?.annotations?.[DISK_FREE]) > 1e9)
  t.true(Number(metadata?.annotations?.[WRITE_TAKES]) >= 0)
  // Nothing that lets somebody in is left on the disk.
  t.is(await pc.said(`grep -rl ${TOKEN} /etc /var/lib/deskfleet /run /tmp /root || true`), '')
  t.is(await pc.said('ls /run/deskfleet-install 2>/dev/null || true'), '')
}

rootOnly(
  'a bare PC becomes a worker; again nothing is done; it is repaired, refused where it must be, and leaves',
  async (t) => {
    const pc = await pcFor(t)
    await is('True')
    const dry = await done(t, pc, 'join', ...WORDS)
    for (const secret of [
      TOKEN,
      'secret-of-the-registry',
      Buffer.from('pull:secret-of-the-registry').toString('base64'),
    ])
      t.false(dry.includes(secret), 'secrets are not shown')
    t.deepEqual(await pc.calls(), [], 'a dry run calls nothing that changes')

    const said = await done(t, pc, 'join', ...WORDS, '--apply')
    for (const secret of [TOKEN, 'secret-of-the-registry']) t.false(said.includes(secret))
    await isWorker(t, pc)
    const calls = await pc.calls()
    const order = (...beginnings: string[]) => {
      const places = beginnings.map((one) => calls.findIndex((call) => call.startsWith(one)))
      t.deepEqual(
        places.includes(-1) ? calls : places,
        [...places].sort((a, b) => a - b),
        beginnings.join(', '),
      )
    }
    order('dpkg --configure', 'apt-get --quiet --quiet update', 'apt-get --quiet --yes', 'apt-mark hold runc')
    order(
      'apt-mark',
      'systemctl enable --now var-lib-deskfleet-brick.mount',
      'modprobe --all overlay br_netfilter fuse xfs',
    )
    order(
      'systemctl mask swap.target',
      'sysctl --quiet --load',
      'systemctl restart containerd.service',
      'ctr --namespace k8s.io images import',
      'kubeadm join',
    )
    t.true(calls.includes('its configuration has mode 600'))
    t.deepEqual(
      calls.filter((call) => call.includes(TOKEN)),
      [],
      'in no argument of a program',
    )

    // What containerd is told is what the real one takes.
    const containerd = (await locate(['containerd'])).get('containerd') ?? ''
    const file = join(REPOSITORY, 'installer/files/containerd.toml')
    const taken = execFileSync(containerd, ['--config', file, 'config', 'dump'], {
      encoding: 'utf8',
      stdio: 'pipe',
    })
    t.regex(taken, /SystemdCgroup = true/)
    t.regex(taken, /config_path = '\/etc\/containerd\/certs\.d'/)

    // What kubeadm was told is what the real one takes, and pins the room.
    await pc.said('/srv/given/kubeadm config validate --config /var/log/join.yaml')
    const told = parse(await pc.said('cat /var/log/join.yaml'))
    t.deepEqual(told.discovery, {
      bootstrapToken: {
        apiServerEndpoint: endpoint(),
        token: TOKEN,
        caCertHashes: [publicKeyHash(authority)],
      },
    })
    t.is(told.nodeRegistration.name, NAME)

    const registry = '/etc/containerd/certs.d/registry.room.example.org:5000'
    t.is(await pc.said(`stat -c %a ${registry}/hosts.toml`), '600')
    t.regex(
      await pc.said(`cat ${registry}/hosts.toml`),
      new RegExp(`Basic ${Buffer.from('pull:secret-of-the-registry').toString('base64')}"`),
    )
    t.is(await pc.said(`cat ${registry}/ca.crt`), authority.trim())
    t.is(await pc.said('stat -c %a /etc/deskfleet.yaml'), '600')
    t.regex(await pc.said('cat /etc/deskfleet.yaml'), /^name: pc-7$/m)

    for (const words of [['join', ...WORDS], ['join'], ['repair']])
      t.regex(await done(t, pc, ...words, '--apply'), /Nothing to do/)
    t.deepEqual(await pc.calls(), [])
    t.regex(
      await done(t, pc, 'status'),
      /^pc-7 is a worker of the room, to which it is: ready \(Kubernetes v1\.37\.2, https:/,
    )

    // What somebody changed is mended, and nothing else.
    await pc.said(
      'echo "kernel.panic = 0" >/etc/sysctl.d/60-deskfleet.conf; echo x >/opt/cni/bin/bridge; rm /etc/systemd/system/swap.target',
    )
    const wrong = await pc.install('status')
    t.is(wrong.code, 1)
    t.regex(wrong.stdout, /programs +refused +these are not as they were laid: \/opt\/cni\/bin\/bridge/)
    t.regex(wrong.stdout, /settings +to do +not as it must be: files: 1, swap/)
    await refused(t, pc, ['repair'], /bring the bundle again/)
    await done(t, pc, 'repair', '--bundle', '/srv/given/bundle', '--apply')
    t.deepEqual(
      (await pc.calls()).filter((call) => /kubeadm|apt-get|mkfs/.test(call)),
      [],
    )
    t.regex(await done(t, pc, 'status'), /All is as it must be/)

    // Its kubelet is silent: started anew. It waits for what the room says.
    await is('False')
    const started = whenCalled(pc, 'systemctl restart kubelet', () => is('True'))
    t.regex(await done(t, pc, 'repair', '--apply'), /the room knows it, and it is not Ready/)
    await started
    t.true((await pc.calls()).includes('systemctl restart kubelet'))

    // Its Node was deleted: it is cleaned, and joins anew, by another token.
    await lost()
    await refused(t, pc, ['repair'], /nothing says how to join: token/)
    const back = whenCalled(pc, 'kubeadm join', () => is('True'))
    t.regex(
      await done(t, pc, 'repair', ...WORDS.slice(0, 2), '--apply'),
      /the room has no Node of it any more: what it has of that is removed/,
    )
    await back
    const again = (await pc.calls()).filter((call) => call.startsWith('kubeadm'))
    t.deepEqual(
      again.map((call) => call.split(' ')[1]),
      ['reset', 'join'],
    )
    await isWorker(t, pc)

    // A master, an answer file of another room, a room that does not answer.
    const other = answers().replace(publicKeyHash(authority), `sha256:${'0'.repeat(64)}`)
    writeFileSync(join(pc.given, 'other.yaml'), other, { mode: 0o600 })
    await refused(
      t,
      pc,
      ['join', '--answers', '/srv/given/other.yaml'],
      /a node of another room, and at work there/,
    )
    await pc.said('mkdir -p /etc/kubernetes/manifests && touch /etc/kubernetes/manifests/etcd.yaml')
    await refused(t, pc, ['join', '--answers', '/srv/given/other.yaml'], /is a master of another room/)
    await refused(t, pc, ['leave'], /this PC is a master/)
    await pc.said(
      'rm -r /etc/kubernetes/manifests; sed -i.bak "s/server: .*/server: https:\\/\\/127.0.0.1:1/" /etc/kubernetes/kubelet.conf',
    )
    await refused(t, pc, ['join'], /the room does not answer/)
    await refused(t, pc, ['leave'], /the room does not answer/)
    await pc.said('mv /etc/kubernetes/kubelet.conf.bak /etc/kubernetes/kubelet.conf')

    // It leaves when an administrator has taken it out.
    await pc.said(`mkdir -p ${brick}/data && echo hers >${brick}/data/letter`)
    await refused(
      t,
      pc,
      ['leave'],
      /npx deskfleet storage retire pc-7.*\n *kubectl drain pc-7 .*\n *kubectl delete node pc-7/,
    )
    await lost()
    t.regex(await done(t, pc, 'leave'), /kubeadm reset --force/)
    t.regex(await done(t, pc, 'leave', '--apply'), /its plug may be pulled; its brick keeps its files/)
    t.is(await pc.said(`ls /etc/kubernetes 2>/dev/null; findmnt ${brick} || true`), '')
    t.regex(await done(t, pc, 'leave', '--apply'), /Nothing to do/)
    t.is(await pc.said(`mount ${pc.device('DATA-1')}p1 /mnt && cat /mnt/data/letter && umount /mnt`), 'hers')
  },
)

rootOnly('power fails again and again, each time a little later: the same call ends the same', async (t) => {
  const pc = await pcFor(t)
  await is('True')
  const cuts: string[] = []
  for (let programs = 3; ; programs += 3) {
    await pc.cutAfter(programs)
    const { code } = await pc.install('join', ...WORDS, '--apply')
    if (code === 0) break
    cuts.push(await pc.said('cat /var/log/cut-after'))
    await pc.powerOff()
    await pc.powerOn()
    t.true(cuts.length < 30, cuts.join('\n'))
  }
  // The one that did not come any more.
  await pc.said('rm -f /run/cut')
  await isWorker(t, pc)
  await pc.calls()
  t.regex(await done(t, pc, 'join', ...WORDS, '--apply'), /Nothing to do/)
  t.deepEqual(await pc.calls(), [])
})

rootOnly(
  'a wrong sum in the bundle is refused with the file and both sums, before anything is done',
  async (t) => {
    const pc = await pcFor(t)
    writeFileSync(join(pc.given, 'bundle/bin/kubelet'), '#!/bin/sh\necho worse\n')
    await refused(
      t,
      pc,
      ['join', ...WORDS],
      /\/srv\/given\/bundle\/bin\/kubelet has the sum [0-9a-f]{64}, and SHA256SUMS says [0-9a-f]{64}/,
    )
  },
)

test.serial(
  'the certificate of a kubelet writes those labels on its own Node, and neither those of masters nor on another Node',
  async (t) => {
    await is('True')
    await must(own.lab, ['apply', '-f', '-'], { apiVersion: 'v1', kind: 'Node', metadata: { name: 'pc-8' } })
    const folder = temporaryFolder()
    mkdirSync(folder, { recursive: true })
    const write = (name: string, text: string) => {
      writeFileSync(join(folder, name), text)
      return join(folder, name)
    }
    const as = [
      ...['--server', own.lab.server, '--certificate-authority', write('ca.crt', authority)],
      ...[
        '--client-certificate',
        write('crt', kubelet.certificate),
        '--client-key',
        write('key', kubelet.key),
      ],
    ]
    const label = (of: string, text: string) => own.lab.run([...as, 'label', 'node', of, '--overwrite', text])
    t.is((await label(NAME, `${CORES}=4`)).code, 0)
    t.regex((await label(NAME, `${MASTER}=`)).stderr, /is not allowed to modify labels/)
    t.regex((await label('pc-8', `${CORES}=4`)).stderr, /forbidden/)
  },
)
