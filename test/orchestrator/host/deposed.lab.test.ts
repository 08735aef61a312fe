import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:https'
import { join } from 'node:path'
import test from 'ava'
import { CROWN } from '../../../config/names.ts'
import { issue, type KeyPair } from '../../../lab/bare/certificates.ts'
import { openCredentials } from '../../../lab/bare/credentials.ts'
import { readHostFacts } from '../../../orchestrator/jobs/told.ts'
import { must, type OwnLab, ownLab } from '../../harness/lab.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'
import { type Members, startMembers } from './members.ts'
import { startPc, type TestPc } from './pc.ts'

/**
 * The host's program on a PC that was a master, beside a real API server and a real etcd: it takes its crown off where both
 * say that it must, and in no other case, whatever ends it in between.
 */

const NAME = 'pc-1'
const PKI = '/etc/kubernetes/pki'
const DATA = '/var/lib/etcd/member/snap/db'
const KUBELET_CONF = '/etc/kubernetes/kubelet.conf'
/** Nobody listens there. */
const NOBODY = 'https://127.0.0.1:1'
const MINE = [
  ...['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map(
    (name) => `/etc/kubernetes/manifests/${name}.yaml`,
  ),
  ...['ca.key', 'sa.key', 'front-proxy-ca.key', 'etcd/ca.key', 'etcd/ca.crt'].map((name) => `${PKI}/${name}`),
  ...['admin.conf', 'super-admin.conf', 'scheduler.conf', 'encryption/keys.yaml'].map(
    (name) => `/etc/kubernetes/${name}`,
  ),
  DATA,
]
const WORKERS = [`${PKI}/ca.crt`, KUBELET_CONF, '/etc/kubernetes/manifests/of-somebody-else.yaml']

let own: OwnLab
let members: Members
let pc: TestPc
let kubelet: KeyPair
let stranger: { readonly url: string; readonly server: Server }

test.before(async (t) => {
  t.timeout(300_000)
  own = await ownLab()
  members = await startMembers(own.lab)
  const authority = openCredentials(own.lab.dir).pair('cluster-ca')
  kubelet = await issue(authority, { name: `system:node:${NAME}`, groups: ['system:nodes'] })
  stranger = await strange(await issue(authority, { name: 'stranger', addresses: ['127.0.0.1'] }))
  pc = await startPc(join(temporaryFolder(), 'pc'))
})
test.after.always(async () => {
  stranger?.server.close()
  await pc?.scrap()
  await own?.end()
})

/** It has a certificate of the cluster's, and knows nothing of Nodes. */
const strange = (pair: KeyPair): Promise<typeof stranger> =>
  new Promise((done) => {
    const server = createServer({ cert: pair.certificate, key: pair.key }, (_, answer) =>
      answer.writeHead(404).end('nothing here'),
    )
    server.listen(0, '127.0.0.1', () => {
      const at = server.address()
      done({ server, url: `https://127.0.0.1:${typeof at === 'object' ? at?.port : 0}` })
    })
  })

/** Makes the PC a master again, on a disk as kubeadm leaves it. */
async function crowned(door = own.lab.server): Promise<void> {
  await pc.run('rm -rf /etc/kubernetes /var/lib/etcd /var/lib/deskfleet')
  for (const path of [...MINE, ...WORKERS]) pc.write(path, 'secret\n')
  const { peer, pc: mine } = members.address
  const flags = (values: Record<string, string>) =>
    `spec:\n  containers:\n  - command:\n${Object.entries(values)
      .map(([name, value]) => `    - --${name}=${value}\n`)
      .join('')}`
  pc.write(
    '/etc/kubernetes/manifests/etcd.yaml',
    flags({
      name: NAME,
      'advertise-client-urls': `https://${mine}:2379`,
      'initial-advertise-peer-urls': `https://${mine}:2380`,
      'initial-cluster': `pc-0=https://${peer}:2380,${NAME}=https://${mine}:2380`,
    }),
  )
  pc.write('/etc/kubernetes/manifests/kube-apiserver.yaml', flags({ 'advertise-address': mine }))
  pc.write(`${PKI}/ca.crt`, openCredentials(own.lab.dir).pair('cluster-ca').certificate)
  pc.write(`${PKI}/etcd/ca.crt`, members.authority.certificate)
  pc.write(`${PKI}/etcd/healthcheck-client.crt`, members.client.certificate)
  pc.write(`${PKI}/etcd/healthcheck-client.key`, members.client.key)
  pc.write('/var/lib/kubelet/pki/kubelet-client-current.pem', `${kubelet.certificate}\n${kubelet.key}`)
  pc.write(KUBELET_CONF, `clusters:\n- cluster:\n    server: https://${mine}:6443\n`)
  pc.write(CROWN.door, `${door}\n`)
}

const left = (): string[] => MINE.filter((path) => pc.has(path))
const isWorker = (): boolean => left().length === 0 && WORKERS.every((path) => pc.has(path))
const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: NAME } }
const haveNode = () => must(own.lab, ['apply', '-f', '-'], node)
const loseNode = () => must(own.lab, ['delete', 'node', NAME, '--ignore-not-found'])

const DOORS = {
  'has no Node of it': async () => {
    await loseNode()
    return own.lab.server
  },
  'has its Node': async () => {
    await haveNode()
    return own.lab.server
  },
  'does not answer': () => Promise.resolve(NOBODY),
  'says 404, and is no API server': () => Promise.resolve(stranger.url),
} as const
const ETCDS = {
  'does not count it': () => members.remove(),
  'counts it': () => members.count(),
  'does not answer': () => members.stop(),
} as const

for (const [saysDoor, door] of Object.entries(DOORS)) {
  for (const [saysEtcd, etcd] of Object.entries(ETCDS)) {
    const takesOff = saysDoor === 'has no Node of it' && saysEtcd === 'does not count it'
    const does = takesOff ? 'takes its crown off' : 'stays as it is'
    test.serial(`a master ${does} where the door ${saysDoor} and etcd ${saysEtcd}`, async (t) => {
      await crowned(await door())
      await etcd()
      const before = left()
      const { code, reason } = await pc.crown(['deposed-check'])
      if (saysEtcd === 'does not answer') await members.start()
      else await members.remove()
      t.is(code, 0, reason)
      if (takesOff) {
        t.deepEqual(left(), [])
        t.true(isWorker())
        t.regex(pc.read(KUBELET_CONF), new RegExp(`server: ${own.lab.server}\n`))
      } else {
        t.regex(reason, /stays as it is/)
        t.deepEqual(left(), before)
      }
    })
  }
}

test.serial('half a manifest is no word of etcd', async (t) => {
  await loseNode()
  await members.remove()
  const begin = `spec:\n  containers:\n  - command:\n    - --name=${NAME}\n`
  const cluster = `    - --initial-cluster=pc-0=https://${members.address.peer}:2380\n`
  for (const text of ['', begin, begin + cluster]) {
    await crowned()
    pc.write('/etc/kubernetes/manifests/etcd.yaml', text)
    t.regex((await pc.crown(['deposed-check'])).reason, /stays as it is/)
    t.is((await pc.crown(['demote', 'op1', '1', '0'])).code, 4)
    t.is(left().length, MINE.length)
  }
})

test.serial(
  'power that goes at any moment leaves a master or a worker, or what is brought to its end alone',
  async (t) => {
    t.timeout(300_000)
    await loseNode()
    await members.remove()
    const seen = { before: 0, between: 0, after: 0 }
    for (let moment = 0; moment < 30; moment++) {
      await crowned()
      const words = `${CROWN.onPc} deposed-check`
      await pc.run(
        `${words} >/dev/null 2>&1 & sleep ${(moment * 0.02).toFixed(2)}; kill -KILL $! 2>/dev/null`,
      )
      await pc.powerOff()
      await pc.powerOn()
      const marked = pc.has('/var/lib/deskfleet/crown/uncrowning')
      seen[marked ? 'between' : isWorker() ? 'after' : 'before']++
      if (!marked && !isWorker()) t.is(left().length, MINE.length, 'nothing is gone before the mark is there')
      // Nobody can be asked any more.
      pc.write(CROWN.door, `${NOBODY}\n`)
      await pc.crown(['deposed-check'])
      t.is(isWorker(), marked || isWorker(), `moment ${moment}`)
      t.false(pc.has('/var/lib/deskfleet/crown/uncrowning'))
    }
    t.log(`killed before, between, after: ${seen.before}, ${seen.between}, ${seen.after}`)
    t.true(seen.between > 0, 'some moment was in the middle')
  },
)

const step = (name: string, epoch = 1, argument = ''): string[] => [name, 'op1', '1', String(epoch), argument]

test.serial(
  'a PC that etcd counts, or of which nobody knows, is not demoted; one that it does not count is',
  async (t) => {
    await crowned()
    await haveNode()
    await members.count()
    const counted = await pc.crown(step('demote'))
    t.is(counted.code, 3)
    t.regex(counted.reason, /etcd counts this PC/)
    await members.stop()
    const unknown = await pc.crown(step('demote'))
    t.is(unknown.code, 4)
    t.is(left().length, MINE.length)
    await members.start()
    await members.remove()
    const demoted = await pc.crown(step('demote'))
    t.is(demoted.code, 0, demoted.reason)
    t.true(isWorker())
    t.is((await pc.crown(step('demote'))).code, 0, 'and again')
  },
)

test.serial(
  'what is older than what was asked for before is refused, and what is newer is remembered',
  async (t) => {
    await crowned()
    await members.count()
    t.is((await pc.crown(step('demote', 7))).outcome, 'refused')
    await members.remove()
    const late = await pc.crown(step('demote', 6))
    t.is(late.code, 3)
    t.regex(late.reason, /epoch 6 is over: this PC has heard of 7/)
    t.is(left().length, MINE.length)
    t.is((await pc.crown(step('demote', 7))).code, 0)
    for (const epoch of ['', 'x', '-1', '1;2'])
      t.is((await pc.crown(['demote', 'op1', '1', `'${epoch}'`])).code, 3, epoch)
  },
)

test.serial('a PC is booted once for each boot that is named', async (t) => {
  const late = await pc.crown(step('reboot', 8, '00000000-0000-0000-0000-000000000000'))
  t.is(late.code, 0)
  t.regex(late.reason, /booted since/)
  t.is((await pc.crown(step('reboot', 8))).code, 3)
})

test.serial('a second step waits for the first', async (t) => {
  await crowned()
  const { stdout } = await pc.run(
    `flock /run/deskfleet-crown.lock sleep 2 & sleep 0.5; ${CROWN.onPc} ${step('demote', 9).join(' ')}; echo "code $?"`,
  )
  t.regex(stdout, /"outcome":"later"/)
  t.regex(stdout, /code 4/)
  t.is(left().length, MINE.length)
})

const CLUSTER = 'apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: '

test.serial(
  'a worker that lacks something is told so before anything happens, and no secret stays',
  async (t) => {
    await loseNode()
    await crowned()
    await pc.crown(['deposed-check'])
    const version = (await pc.run('kubeadm version --output short')).stdout.trim()
    const tried = (kubeadm: string, more = {}) =>
      pc.crown(step('preflight', 10), { 'kubeadm.yaml': kubeadm, ...more })
    const images = await tried(`${CLUSTER}${version}\n`)
    t.is(images.code, 3)
    t.regex(images.reason, /images are missing: .*kube-apiserver:v.* .*etcd:/)
    t.notRegex(images.reason, /coredns|pause|proxy/, 'workers have these')
    const other = await tried(`${CLUSTER}v1.30.0\n`)
    t.regex(other.reason, /kubeadm here is v.*, and the cluster is v1\.30\.0/)
    t.is((await tried('')).code, 3)
    t.is((await pc.crown(step('preflight', 10))).code, 3, 'no plan')
    t.false(pc.has('/run/deskfleet-crown'))
    await crowned()
    t.regex((await tried(`${CLUSTER}${version}\n`)).reason, /is a master/)
  },
)

const API_FILES = '/etc/kubernetes/api-server'
const sumOf = (text: string): string => createHash('sha256').update(text).digest('hex')

test.serial(
  'files of the API server are brought to whoever joins, as they should be or not at all',
  async (t) => {
    await loseNode()
    await crowned()
    await pc.crown(['deposed-check'])
    const version = (await pc.run('kubeadm version --output short')).stdout.trim()
    const [keys, policy] = ['the key of Secrets\n', 'what is noted\n']
    const wanted = `${sumOf(keys)}  ${API_FILES}/keys.yaml\n${sumOf(policy)}  /etc/kubernetes/audit.yaml\n`
    const plan = (more: Readonly<Record<string, string>>) => ({
      'kubeadm.yaml': `${CLUSTER}${version}\n`,
      'files.sha256': wanted,
      ...more,
    })
    const tried = (more: Readonly<Record<string, string>>) => pc.crown(step('preflight', 11), plan(more))
    t.regex(
      (await tried({})).reason,
      /not brought: \/etc\/kubernetes\/api-server\/keys.yaml \/etc\/kubernetes\/audit.yaml$/,
    )
    const brought = { 'api-server.keys.yaml': keys }
    t.regex((await tried(brought)).reason, /not brought: \/etc\/kubernetes\/audit.yaml$/)
    pc.write('/etc/kubernetes/audit.yaml', policy)
    t.regex((await tried({ 'api-server.keys.yaml': 'another key\n' })).reason, /api-server\/keys.yaml$/)
    t.regex((await tried(brought)).reason, /images are missing/, 'what comes next')
    t.false(pc.has(`${API_FILES}/keys.yaml`), 'a check changes nothing')

    // kubeadm takes no such configuration, and the files are there before it is called.
    t.is((await pc.crown(step('join', 11), plan({ ...brought, 'kubeadm.yaml': 'x' }))).outcome, 'failed')
    t.is(pc.read(`${API_FILES}/keys.yaml`), keys)
    t.is((await pc.run(`stat -c %a ${API_FILES}/keys.yaml`)).stdout.trim(), '600')
    t.is((await pc.crown(step('demote', 11))).code, 0)
    t.false(pc.has(API_FILES), 'a worker has no key of Secrets')
  },
)

test.serial('a PC tells what it is, in a line that the orchestrator reads', async (t) => {
  await crowned()
  const master = await pc.crown(step('facts'))
  const facts = readHostFacts(master.line)
  t.like(facts, { outcome: 'done', master: true, apiReady: false, uncrowning: false, joining: false })
  t.regex(facts?.bootId ?? '', /^[0-9a-f-]{36}$/)
  t.true((facts?.memoryMiB ?? 0) > 100 && (facts?.syncMicroseconds ?? 0) > 0)
  await pc.run('rm /etc/kubernetes/manifests/*')
  t.like(readHostFacts((await pc.crown(step('facts'))).line), { master: false })
})

test.serial('a PC that is on answers, if only by refusing', async (t) => {
  const { line } = await pc.crown(step('reach', 1, members.address.peer))
  t.like(JSON.parse(line), { reached: true }, line)
  const nobody = await pc.run(`unshare --net ${CROWN.onPc} ${step('reach', 1, '10.90.0.11').join(' ')}`)
  t.like(JSON.parse(nobody.stdout), { reached: false }, 'there is no network')
  t.is((await pc.crown(['dance', 'op1', '1', '1'])).code, 3)
})
