import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { publicKeyHash } from '../../cluster/bootstrap-token.ts'
import { NAMESPACES, SOURCES } from '../../config/names.ts'
import { openCredentials } from '../../lab/bare/credentials.ts'
import { must, type OwnLab, ownLab } from '../harness/lab.ts'
import { deskfleet } from '../harness/platform.ts'
import { temporaryFolder } from '../harness/temporary-folder.ts'

/** The answer file for a bare PC, out of cluster.yaml and a real cluster. */

const ROOM = 'domain: room.example.org\nstorage: { kind: gluster }\nhosts: { address: 10.0.0.2/24 }\n'
const installer = join(import.meta.dirname, '../../installer')
const authority = (): string => openCredentials(own.lab.dir).pair('cluster-ca').certificate

let own: OwnLab
let folder: string
const place = (name: string): string => join(folder, name)

test.before(async (t) => {
  t.timeout(180_000)
  own = await ownLab()
  folder = temporaryFolder()
  writeFileSync(place('cluster.yaml'), ROOM)
  writeFileSync(place('ca.crt'), authority())
  writeFileSync(place('login'), 'pull:secret\n')
})
test.after.always(() => own?.end())

const configure = (more: string) =>
  must(own.lab, ['apply', '-f', '-'], {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'kubeadm-config', namespace: 'kube-system' },
    data: { ClusterConfiguration: `kind: ClusterConfiguration\nkubernetesVersion: v1.37.2\n${more}` },
  })
const nodeConfig = (...words: string[]) =>
  deskfleet(own.lab, 'node-config', '--config', place('cluster.yaml'), ...words)
const tokens = async (): Promise<string[]> =>
  (await must(own.lab, ['get', 'secrets', '-n', 'kube-system', '-o', 'name']))
    .split('\n')
    .filter((name) => name.includes('bootstrap-token'))

test.serial(
  'a cluster that kubeadm did not make, or that has no address of its own, is told so',
  async (t) => {
    const none = await nodeConfig()
    t.is(none.code, 1)
    t.regex(none.stderr, /kubeadm-config is not there; was this cluster made by kubeadm\?/)
    await configure('')
    t.regex((await nodeConfig()).stderr, /names no controlPlaneEndpoint .*docs\/door\.md/)
    t.deepEqual(await tokens(), [])
  },
)

test.serial(
  'the file has what install.sh wants, is for its owner alone, and its token is one of the cluster, for a day',
  async (t) => {
    await configure('controlPlaneEndpoint: 10.0.0.2:6443\n')
    const file = place('pc-7.yaml')
    const words = [
      '--name',
      'pc-7',
      '--registry-ca',
      place('ca.crt'),
      '--registry-login',
      place('login'),
      '--time-servers',
      '10.0.0.1,10.0.0.2',
    ]
    const { code, stdout, stderr } = await nodeConfig(file, ...words)
    t.is(code, 0, stderr)
    t.is(stderr, '')
    t.regex(stdout, /pc-7\.yaml lets PCs join until 20/)
    t.is(statSync(file).mode & 0o777, 0o600)
    const text = readFileSync(file, 'utf8')
    t.false(stdout.includes('secret'))
    // By the shell that reads it on the PC.
    const answer = (key: string) => {
      const script = `. "$0/doing.sh"; . "$0/answers.sh"; check_answers "$1"; answer_in "$1" "$2"`
      return execFileSync('sh', ['-euc', script, installer, file, key], { encoding: 'utf8' }).trim()
    }
    const [id = '', secret = ''] = answer('token').split('.')
    for (const [key, value] of Object.entries({
      name: 'pc-7',
      endpoint: '10.0.0.2:6443',
      'ca-cert-hash': publicKeyHash(authority()),
      kubernetes: 'v1.37.2',
      registry: 'registry.room.example.org:5000',
      'registry-login': 'pull:secret',
      'time-servers': '10.0.0.1 10.0.0.2',
      door: 'desk.room.example.org',
      keyboard: 'us',
      language: 'en_US',
      'time-zone': 'Etc/UTC',
    }))
      t.is(answer(key), value, key)
    t.is(answer('door-ca'), '', 'a room whose door every browser trusts')
    t.is(Buffer.from(answer('registry-ca'), 'base64').toString(), authority())
    t.is(text.split('\n').filter((line) => line.includes(secret)).length, 1)

    const stored = JSON.parse(
      await must(own.lab, ['get', 'secret', `bootstrap-token-${id}`, '-n', 'kube-system', '-o', 'json']),
    )
    const data = Object.fromEntries(
      Object.entries(stored.data).map(([key, value]) => [
        key,
        Buffer.from(String(value), 'base64').toString(),
      ]),
    )
    t.is(stored.type, 'bootstrap.kubernetes.io/token')
    t.is(data['token-secret'], secret)
    t.is(data['auth-extra-groups'], 'system:bootstrappers:kubeadm:default-node-token')
    t.true(Math.abs(Date.parse(data.expiration ?? '') - Date.now() - 24 * 3_600_000) < 120_000)

    const again = await nodeConfig(file)
    t.is(again.code, 2)
    t.regex(again.stderr, /is there already: choose another name/)
    t.is((await tokens()).length, 1, 'a token that stands in no file is taken back')
  },
)

test.serial(
  'a dry run makes no token and shows no secret; another address in cluster.yaml is told',
  async (t) => {
    await configure('controlPlaneEndpoint: room.example.org\n')
    const before = await tokens()
    const { code, stdout, stderr } = await nodeConfig('--dry-run', '--registry-login', place('login'))
    t.is(code, 0, stderr)
    t.regex(stdout, /^endpoint: room\.example\.org:6443$/m)
    t.regex(stdout, /^token: <made when it is written>$/m)
    t.false(stdout.includes('pull:secret'))
    t.regex(
      stderr,
      /the cluster calls its API room\.example\.org:6443, and hosts\.address of cluster\.yaml is 10\.0\.0\.2/,
    )
    t.deepEqual(await tokens(), before)
  },
)

test.serial(
  'where the room has its own registry, who vouches for it and the login are read from the cluster',
  async (t) => {
    const { namespace, ...names } = { namespace: NAMESPACES.sources, ...SOURCES }
    writeFileSync(place('own.yaml'), `${ROOM}sources: { kind: room }\n`)
    const ownConfig = (...words: string[]) =>
      deskfleet(own.lab, 'node-config', '--config', place('own.yaml'), ...words)
    const before = await tokens()
    const none = await ownConfig()
    t.is(none.code, 1)
    t.regex(
      none.stderr,
      /Secret deskfleet-sources\/sources is not there; the installer makes it .*--registry-ca/,
    )

    await must(own.lab, ['create', 'namespace', namespace])
    const secret = (name: string, ...from: string[]) =>
      must(own.lab, ['create', 'secret', 'generic', name, '-n', namespace, ...from])
    await secret(names.secret, `--from-file=ca.crt=${place('ca.crt')}`)
    t.regex((await ownConfig()).stderr, /Secret deskfleet-sources\/sources-logins is not there; /)
    await secret(names.loginsSecret, '--from-literal=push=push:other')
    t.regex((await ownConfig()).stderr, /Secret deskfleet-sources\/sources-logins has no pull; /)
    t.deepEqual(await tokens(), before, 'no token is made for a file that is not written')
    const patch = JSON.stringify({ stringData: { pull: 'pull:of-the-cluster\n' } })
    await must(own.lab, ['patch', 'secret', names.loginsSecret, '-n', namespace, '-p', patch])

    const dry = await ownConfig('--dry-run')
    t.is(dry.code, 0, dry.stderr)
    t.regex(dry.stdout, /^registry-login: <as in the Secret>$/m)
    const { code, stdout, stderr } = await ownConfig()
    t.is(code, 0, stderr)
    const answers = new Map(stdout.split('\n').map((line) => [line.split(': ')[0], line.split(': ')[1]]))
    t.is(answers.get('registry'), '10.96.0.40:5000')
    t.is(answers.get('registry-login'), 'pull:of-the-cluster')
    t.is(Buffer.from(answers.get('registry-ca') ?? '', 'base64').toString(), authority())
    // What is named counts before what is in the cluster.
    const named = await ownConfig('--registry-login', place('login'))
    t.regex(named.stdout, /^registry-login: pull:secret$/m)
  },
)

test.serial('mistakes are told as wrong use, before anything is asked of the cluster', async (t) => {
  const missing = place(randomBytes(4).toString('hex'))
  for (const [words, why] of [
    [['--name', 'PC 7'], /a PC cannot be called PC 7/],
    [['--registry-ca', missing], /cannot be read \(ENOENT\)/],
    [['--registry-login', place('ca.crt')], /holds no login: one line, NAME:PASSWORD/],
  ] as const) {
    const { code, stderr } = await nodeConfig(...words)
    t.is(code, 2)
    t.regex(stderr, why)
  }
})
