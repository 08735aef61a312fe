import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { parseAllDocuments } from 'yaml'
import { temporaryFolder } from '../harness/temporary-folder.ts'

/** Whether a cluster begins on a PC, is begun again, is left alone, or is refused; and with what kubeadm begins it. */

const installer = join(import.meta.dirname, '../../installer')

function shell(call: string, setting = ''): string {
  const script = `here=$0; ${setting}
. "$here/doing.sh"; . "$here/answers.sh"; . "$here/steps/join.sh"; . "$here/steps/cluster.sh"; . "$here/steps/logins.sh"; . "$here/steps/platform.sh"; ${call}`
  const { status, stdout, stderr } = spawnSync('sh', ['-euc', script, installer], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return stdout.trim()
}

for (const [what, words, verdict] of [
  ['a bare PC begins it', 'no no no gone', /^begin$/],
  [
    'what a power cut left begins again',
    'yes yes yes ready',
    /^reset the beginning of the cluster was cut off$/,
  ],
  ['… also before there was a control plane', 'yes no yes stranger', /^reset /],
  ['a master that is well is left alone', 'yes yes no ready', /^done$/],
  ['a master that is not Ready is started anew, never reset', 'yes yes no not-ready', /^start$/],
  ['… also while its API server is silent', 'yes yes no silent', /^start$/],
  [
    'a worker of a room is refused',
    'yes no no ready',
    /^refuse this PC is a node of a room.* \| .*install\.sh leave$/,
  ],
  ['what was a worker once is refused too', 'yes no no gone', /^refuse this PC is a node of a room/],
  [
    'a master that its cluster does not know is never reset',
    'yes yes no gone',
    /^refuse this PC was a master/,
  ],
  ['… nor one whose certificate counts no more', 'yes yes no stranger', /^refuse this PC was a master/],
] as const)
  test(`${what}: ${words}`, (t) => t.regex(shell(`judge_cluster ${words}`), verdict))

const ROOM = `
door-address: 192.0.2.10/24
endpoint: 192.0.2.10:6443
kubernetes: v1.37.2
registry: 10.96.0.40:5000
door: desk.room.example.org:8443
ignore-preflight: SystemVerification,NumCPU
`

test('kubeadm is told the versions of the bundle, the address of the room, and that Secrets are encrypted', (t) => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'answers'), ROOM)
  mkdirSync(join(folder, 'bundle'))
  writeFileSync(join(folder, 'bundle/versions'), 'etcd: v3.6.7\ncoredns: v1.13.1\n')
  const text = shell(
    `answer() { answer_in ${folder}/answers "$1"; }; own_address() { echo 192.0.2.21; }; room_host=192.0.2.10; cluster_text`,
    `pc_name=pc-1 bundle=${folder}/bundle`,
  )
  const [init, cluster, kubelet, proxy] = parseAllDocuments(text).map((one) => one.toJS())
  t.is(init.localAPIEndpoint.advertiseAddress, '192.0.2.21', 'its own address, and not that of the room')
  t.deepEqual(init.nodeRegistration.ignorePreflightErrors, ['SystemVerification', 'NumCPU'])
  t.is(init.nodeRegistration.taints[0].effect, 'PreferNoSchedule')
  t.is(cluster.controlPlaneEndpoint, '192.0.2.10:6443')
  t.is(cluster.kubernetesVersion, 'v1.37.2')
  t.is(cluster.etcd.local.imageTag, '3.6.7-0')
  t.is(cluster.dns.imageTag, 'v1.13.1')
  t.deepEqual(cluster.apiServer.certSANs, ['192.0.2.10', 'desk.room.example.org', 'localhost', '127.0.0.1'])
  t.is(cluster.apiServer.extraArgs[0].value, '/etc/kubernetes/api-server/encryption.yaml')
  t.is(cluster.apiServer.extraVolumes[0].hostPath, '/etc/kubernetes/api-server')
  t.is(kubelet.nodeLeaseDurationSeconds, 16)
  t.is(proxy.mode, 'nftables')
})

test('each cluster has a key of its own for its Secrets, of 32 bytes', (t) => {
  const key = (): string =>
    parseAllDocuments(shell('encryption_text'))[0]?.toJS().resources[0].providers[0].secretbox.keys[0].secret
  t.is(Buffer.from(key(), 'base64').length, 32)
  t.not(key(), key())
})

test('a login is told to nginx as a hash alone, and a Secret as one of Kubernetes', (t) => {
  t.regex(shell('hashed push:s3cret'), /^push:\$6\$[^$]+\$[A-Za-z0-9./]{86}$/)
  t.is(
    shell(
      "secret_text argocd room-repository 'a.io/b: c'; printf '  key: %s\\n' \"$(printf value | encoded)\"",
    ),
    [
      ...[
        'apiVersion: v1',
        'kind: Secret',
        'metadata: { name: room-repository, namespace: argocd, labels: { a.io/b: c } }',
      ],
      ...['data:', `  key: ${Buffer.from('value').toString('base64')}`],
    ].join('\n'),
  )
})

test('apps that are not Synced and Healthy are named', (t) => {
  const list = 'door Synced Healthy\nstorage Synced Progressing\nidentity OutOfSync Healthy\n'
  t.is(shell(`printf '${list.replaceAll('\n', '\\n')}' | apps_open`), 'storage identity')
})
