import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import test from 'ava'
import { newMemberKey, requestFor } from '../../certificates/member.ts'
import { issue } from '../../lab/bare/certificates.ts'
import { openCredentials } from '../../lab/bare/credentials.ts'
import { must, type OwnLab, ownLab } from '../harness/lab.ts'
import { deskfleet } from '../harness/platform.ts'
import { temporaryFolder } from '../harness/temporary-folder.ts'
import { eventually } from '../harness/wait.ts'

/** A stolen PC at a real API server: what its kubelet's certificate is good for, before and after. */

let own: OwnLab
const NAMES = ['pc-7', 'pc-8'] as const
const kubeconfigs = new Map<string, string>()

test.before(async (t) => {
  t.timeout(180_000)
  own = await ownLab()
  for (const name of NAMES) kubeconfigs.set(name, await kubeletOf(name))
})
test.after.always(async () => own?.end())

/** A kubeconfig with a certificate as kubeadm gives it to the kubelet of that PC. */
async function kubeletOf(name: string): Promise<string> {
  const { certificate, key } = await issue(openCredentials(own.lab.dir).pair('cluster-ca'), {
    name: `system:node:${name}`,
    groups: ['system:nodes'],
  })
  const cluster = own.kubeConfig.getCurrentCluster()
  if (!cluster) throw new Error('the lab has no cluster')
  const config = new KubeConfig()
  const encoded = (text: string) => Buffer.from(text).toString('base64')
  config.loadFromClusterAndUser(cluster, { name, certData: encoded(certificate), keyData: encoded(key) })
  const file = join(temporaryFolder(), `${name}.kubeconfig`)
  writeFileSync(file, config.exportConfig(), { mode: 0o600 })
  return file
}

const asKubelet = (name: string, args: readonly string[], input?: object) =>
  own.lab.run(args, {
    kubeconfig: kubeconfigs.get(name) ?? '',
    ...(input ? { input: JSON.stringify(input) } : {}),
  })
const node = (name: string) => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } })
const heartbeat = (name: string) => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name, namespace: 'kube-node-lease' },
  spec: { holderIdentity: name },
})
const certificateWish = async (name: string) => ({
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  metadata: { name: `next-of-${name}` },
  spec: {
    signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
    usages: ['digital signature', 'client auth'],
    request: Buffer.from(await requestFor(await newMemberKey(), `system:node:${name}`)).toString('base64'),
  },
})

test.serial('a PC that was stolen changes nothing any more, and reads no Secret; others go on', async (t) => {
  t.timeout(180_000)
  for (const name of NAMES) {
    t.is((await asKubelet(name, ['create', '-f', '-'], node(name))).code, 0)
    t.is((await asKubelet(name, ['create', '-f', '-'], heartbeat(name))).code, 0)
  }
  await must(own.lab, ['create', 'secret', 'generic', 'key-of-a-pod', '--from-literal=key=1'])
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'on-it', namespace: 'default' },
    spec: {
      nodeName: 'pc-7',
      automountServiceAccountToken: false,
      containers: [{ name: 'one', image: 'registry.test/one' }],
      volumes: [{ name: 'key', secret: { secretName: 'key-of-a-pod' } }],
    },
  }
  await must(own.lab, ['create', '-f', '-'], pod)
  const read = () => asKubelet('pc-7', ['get', 'secret', 'key-of-a-pod', '-n', 'default'])
  await eventually('its kubelet reads what its pod mounts', async () => (await read()).code === 0)

  const dry = await deskfleet(own.lab, 'pc', 'lost', 'pc-7', '--dry-run')
  t.is(dry.code, 0, dry.stderr)
  t.regex(dry.stdout, /\(dry run\)/)
  t.is((await asKubelet('pc-7', ['label', 'node', 'pc-7', 'a=b'])).code, 0, 'nothing was done')

  const done = await deskfleet(own.lab, 'pc', 'lost', 'pc-7')
  t.is(done.code, 0, done.stderr)
  t.log(done.stdout)
  t.regex(done.stdout, /default\/key-of-a-pod/)

  t.regex((await own.lab.run(['get', 'node', 'pc-7'])).stderr, /NotFound/)
  for (const [what, object] of [
    ['its Node', node('pc-7')],
    ['its heartbeat', heartbeat('pc-7')],
    ['another certificate', await certificateWish('pc-7')],
  ] as const) {
    const { code, stderr } = await asKubelet('pc-7', ['create', '-f', '-'], object)
    t.is(code, 1, what)
    t.regex(stderr, /was stolen/, what)
  }
  t.regex(
    (await asKubelet('pc-7', ['annotate', 'lease', 'pc-7', '-n', 'kube-node-lease', 'a=b'])).stderr,
    /was stolen|NotFound|forbidden/,
  )
  await eventually('it reads no Secret any more', async () => /forbidden/i.test((await read()).stderr))

  t.is((await asKubelet('pc-8', ['label', 'node', 'pc-8', 'a=b'])).code, 0, 'another PC goes on')
  const again = await deskfleet(own.lab, 'pc', 'lost', 'pc-7')
  t.is(again.code, 0)
  t.regex(again.stdout, /out of the room already/)
})

test.serial('a PC of that name is let in again when somebody says so', async (t) => {
  t.timeout(120_000)
  const undone = await deskfleet(own.lab, 'pc', 'lost', 'pc-7', '--undo')
  t.is(undone.code, 0, undone.stderr)
  await eventually(
    'it makes its Node',
    async () => (await asKubelet('pc-7', ['create', '-f', '-'], node('pc-7'))).code === 0,
  )
})

test.serial('a PC that speaks to the room is left alone', async (t) => {
  const ready = { conditions: [{ type: 'Ready', status: 'True', reason: 'Test', message: '' }] }
  const patch = JSON.stringify({ status: ready })
  await must(own.lab, ['patch', 'node', 'pc-8', '--subresource=status', '--type=merge', '-p', patch])
  const { code, stderr } = await deskfleet(own.lab, 'pc', 'lost', 'pc-8')
  t.is(code, 1)
  t.regex(stderr, /speaks to the room.*--although-ready/)
  t.is((await own.lab.run(['get', 'node', 'pc-8'])).code, 0)
})

test.serial('a name that no PC has is refused as a mistake', async (t) => {
  t.is((await deskfleet(own.lab, 'pc', 'lost', 'PC 7')).code, 2)
})
