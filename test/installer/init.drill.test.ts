import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'ava'
import type { Browser } from 'playwright-core'
import { launchBrowser } from '../../lab/browser/browser.ts'
import { makeBundle } from '../../lab/bundle/bundle.ts'
import type { CallResult } from '../../lab/programs/call.ts'
import { type BlankRoom, upBlank } from '../../lab/room/blank-room.ts'
import { DOOR_ADDRESS } from '../../lab/room/plan.ts'
import { STICK_ON_PC } from '../../lab/room/system.ts'
import { cacheFolder } from '../../lab/run/places.ts'
import { temporaryFolder } from '../harness/temporary-folder.ts'
import { enter, keepScreen, picture } from '../harness/visitor.ts'
import { becomes, eventually, secondsOf } from '../harness/wait.ts'

/**
 * From three bare PCs and a stick to a room that people log in to, by `installer/install.sh` alone: no code of the lab installs
 * anything. What a PC in a PC cannot do is in pc-of-room.ts; its brick is mounted by the lab.
 */

const [FIRST, ...OTHERS] = ['pc-1', 'pc-2', 'pc-3'] as const
const DOOR = 'desk.room.example.org'
const ROOM = `
domain: room.example.org
hosts: { door: ${DOOR}, address: ${DOOR_ADDRESS} }
sources: { kind: room }
ldap: { disk: pc }
storage: { kind: gluster, replicas: 3 }
templates:
  - name: light
    title: Light desktop
    image: desktop-light
    resources: { cpu: 100m, memory: 256Mi, memoryLimit: 1Gi }
`
/** What kubeadm finds wrong with a PC in a PC. */
const IGNORED = 'ignore-preflight: SystemVerification'
const ANSWERS = '/root/answers.yaml'
const INSTALL = `sh ${STICK_ON_PC}/repository/installer/install.sh`
const INIT = `${INSTALL} init --brick-mounted --answers ${ANSWERS}`
const ADDRESS = DOOR_ADDRESS.replace(/\/.*/, '')
const KUBECTL = 'kubectl --kubeconfig /etc/kubernetes/admin.conf'

let room: BlankRoom
let browser: Browser | undefined
let printed = ''

test.before(async (t) => {
  t.timeout(1_200_000)
  const path = join(dirname(cacheFolder()), 'bundle-room')
  const file = join(temporaryFolder(), 'cluster.yaml')
  writeFileSync(file, ROOM)
  const bundle = { path, releases: [12], keepPackages: true, ours: [], room: file } as const
  t.log(`the bundle took ${Math.round(await secondsOf(() => makeBundle(bundle, t.log)))} s`)
  room = await upBlank({ name: 'from-bare-pcs', count: 3, ownerPid: process.pid, progress: t.log })
  execFileSync('cp', ['-aT', path, room.stick])
  await said(FIRST, `umask 077; { cat ${STICK_ON_PC}/room/answers; echo '${IGNORED}'; } >${ANSWERS}`)
})

test.after.always(async (t) => {
  t.timeout(120_000)
  await browser?.close()
  await room?.down()
})

async function said(pc: string, script: string): Promise<string> {
  const { code, stdout, stderr } = await room.run(pc, script)
  if (code !== 0) throw new Error(`${script}: ${stderr}`)
  return stdout.trim()
}

const timed = async (t: { log(...words: string[]): void }, pc: string, call: string): Promise<CallResult> => {
  const began = performance.now()
  const result = await room.run(pc, call)
  t.log(`${pc}: ${call}: ${Math.round((performance.now() - began) / 1000)} s, exit code ${result.code}`)
  return result
}

test.serial('a dry run on a bare PC shows every step and changes nothing', async (t) => {
  t.timeout(120_000)
  const { code, stdout, stderr } = await timed(t, FIRST, INIT)
  t.is(code, 0, stdout + stderr)
  for (const [number, step] of ['hardware', 'packages', 'programs', 'disk', 'settings', 'images'].entries())
    t.regex(stdout, new RegExp(`^ ${number + 1}\\. ${step} `, 'm'))
  t.regex(stdout, /^ 7\. cluster +to do +the cluster of the room begins here, at /m)
  t.regex(stdout, /^10\. hand-over +to do /m)
  t.regex(stdout, /Nothing was changed\. The same with --apply carries it out\.\n$/)
  t.is(
    await said(
      FIRST,
      '{ ls -A /etc/kubernetes /var/lib/deskfleet 2>/dev/null || :; } | grep -v :; ip -4 -o address show to 10.90.0.100',
    ),
    'brick',
  )
})

/** Power goes once that file is there, while install.sh is at work, and comes back. */
async function cutAt(what: string, file: string): Promise<void> {
  const cutOff = room.run(FIRST, `${INIT} --apply`)
  const isThere = async (): Promise<boolean> => (await room.run(FIRST, `ls ${file}`)).code === 0
  await eventually(what, isThere, { seconds: 400, every: 500 })
  await room.pc.off(FIRST)
  const { code } = await cutOff
  if (code === 0) throw new Error(`it was through before ${what} was seen`)
  await room.pc.on(FIRST)
  await becomes('its system', () => said(FIRST, 'systemctl is-active multi-user.target'), 'active')
}

test.serial(
  'power goes while kubeadm begins the cluster, and again while apps are applied: the same call goes on',
  async (t) => {
    t.timeout(1_800_000)
    await cutAt('etcd has begun', '/var/lib/etcd/member')
    await cutAt('apps are applied', '/run/deskfleet-install/*/taken')
    const { code, stdout, stderr } = await timed(t, FIRST, `${INIT} --apply`)
    t.log(stdout)
    t.is(code, 0, stdout + stderr)
    t.regex(stdout, /7\. cluster +done /, 'what the second call has begun is there')
  },
)

test.serial('a second call has nothing to do, and status is content', async (t) => {
  t.timeout(180_000)
  printed = await said(FIRST, 'cat /root/deskfleet-room.txt')
  t.is(await said(FIRST, 'stat -c %a /root/deskfleet-room.txt'), '600')
  // As it says itself.
  await said(FIRST, 'rm /root/deskfleet-room.txt')
  const again = await timed(t, FIRST, `${INSTALL} init --apply`)
  t.is(again.code, 0, again.stdout + again.stderr)
  t.regex(again.stdout, /Nothing to do\.\n$/)
  const status = await room.run(FIRST, `${INSTALL} status`)
  t.is(status.code, 0, status.stdout + status.stderr)
  t.regex(status.stdout, /is a master of the room, to which it is: ready/)
})

test.serial('what is secret is for root alone, and encrypted in etcd', async (t) => {
  t.timeout(60_000)
  t.is(await said(FIRST, 'stat -c %a /root/deskfleet-join.yaml /etc/deskfleet.yaml'), '600\n600')
  const etcd = '/etc/kubernetes/pki/etcd'
  const asking = `${KUBECTL} -n kube-system exec etcd-${FIRST} -- etcdctl --cacert ${etcd}/ca.crt --cert ${etcd}/server.crt --key ${etcd}/server.key`
  const raw = await said(
    FIRST,
    `${asking} get /registry/secrets/deskfleet-sources/sources-logins --print-value-only | head -c 40`,
  )
  t.regex(raw, /^k8s:enc:secretbox:v1:one:/)
})

test.serial('the first administrator logs in at the door, and sees a desktop', async (t) => {
  t.timeout(400_000)
  const password = /^ +password +(\S+)$/m.exec(printed)?.[1] ?? ''
  const port = await room.wayIn('door', `${ADDRESS}:443`)
  browser = await launchBrowser(DOOR, port, t.log)
  const page = await enter(await browser.newContext(), 'administrator', password)
  await picture(page)
  await keepScreen(page, 'from-bare-pcs')
  t.regex(page.url(), new RegExp(`^https://${DOOR}/desktop`))
})

test.serial(
  'the other PCs join by the file that was written for them, and keep copies of every file',
  async (t) => {
    t.timeout(900_000)
    const answers = await said(FIRST, 'cat /root/deskfleet-join.yaml')
    const join = async (pc: string): Promise<void> => {
      await room.run(pc, 'umask 077; cat >/etc/deskfleet.yaml', `${answers}\n`)
      const { code, stdout, stderr } = await timed(t, pc, `${INSTALL} join --brick-mounted --apply`)
      t.is(code, 0, stdout + stderr)
    }
    await Promise.all(OTHERS.map(join))
    const copies = () =>
      said(FIRST, `cd /root && deskfleet storage status 2>/dev/null | sed -n 's/^copies: *//p'`)
    t.log(
      `three copies after ${Math.round(await becomes('copies', copies, '3 of 3', { seconds: 600, every: 5_000 }))} s`,
    )
  },
)

test.serial(
  'Git and registry of the room serve who has their login, at the address that every PC reaches',
  async (t) => {
    t.timeout(120_000)
    const [pc = ''] = OTHERS
    const image = await said(FIRST, `sed -n 's#^door .* #10.96.0.40:5000/door@#p' ${STICK_ON_PC}/room/images`)
    await said(
      pc,
      `ctr --namespace k8s.io images pull --hosts-dir /etc/containerd/certs.d ${image} >/dev/null`,
    )
    const ca = '/etc/containerd/certs.d/10.96.0.40:5000/ca.crt'
    const login = await said(
      FIRST,
      `${KUBECTL} -n deskfleet-sources get secret sources-logins -o go-template='{{.data.argo | base64decode}}'`,
    )
    const asked = await room.run(
      pc,
      `curl --silent --fail --cacert ${ca} --config - 'https://10.96.0.40/deskfleet.git/info/refs?service=git-upload-pack' | tr '\\0' ' '`,
      `user = "${login}"\n`,
    )
    t.regex(asked.stdout, /refs\/heads\/main/)
  },
)

test.serial(
  'all PCs lose their power at once: the room comes back by itself, with its registry, its Git and its people',
  async (t) => {
    t.timeout(900_000)
    await Promise.all([FIRST, ...OTHERS].map((pc) => room.pc.off(pc)))
    await Promise.all([FIRST, ...OTHERS].map((pc) => room.pc.on(pc)))
    const answers = (place: string, wanted: string) => () =>
      said(
        FIRST,
        `curl --silent --insecure --max-time 5 --output /dev/null --write-out '%{http_code}' ${place} || :`,
      ).then((code) => code === wanted)
    const patience = { seconds: 600, every: 2_000 }
    const began = performance.now()
    const back = (what: string) =>
      t.log(`${what}: ${Math.round((performance.now() - began) / 1000)} s after the power`)
    await eventually('the API', answers(`https://${ADDRESS}:6443/readyz`, '200'), patience)
    back('the API at the door')
    await eventually(
      'the login',
      answers(`--resolve ${DOOR}:443:${ADDRESS} https://${DOOR}/login`, '200'),
      patience,
    )
    back('the login')
    await eventually('Git', answers('https://10.96.0.40/deskfleet.git/info/refs', '401'), patience)
    back('Git')
    await eventually('the registry', answers('https://10.96.0.40:5000/v2/', '401'), patience)
    await eventually(
      'LDAP and its people',
      async () => (await room.run(FIRST, 'cd /root && deskfleet people show administrator')).code === 0,
      patience,
    )
    back('its people')
    t.regex(await said(FIRST, `${KUBECTL} get nodes --no-headers | grep -c ' Ready '`), /^3$/)
  },
)
