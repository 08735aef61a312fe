import test from 'ava'
import { IMAGES } from '../../../config/images.ts'
import { buildImages } from '../../../lab/images/build.ts'
import { NETWORK } from '../../../lab/room/plan.ts'
import { pushImage, REGISTRY } from '../../../lab/room/registry.ts'
import type { Room } from '../../../lab/room/room.ts'
import { sharedRoom } from '../../harness/room.ts'

/** Who gets what at the room's registry, asked from a PC, in whose network it is. */

const PLACE = `https://${NETWORK.gateway}:5000`
const FOLDER = `/etc/containerd/certs.d/${REGISTRY}`
let room: Room
let digest = ''

test.before(async (t) => {
  t.timeout(600_000)
  room = await sharedRoom()
  for (const image of await buildImages(['ldap'], t.log)) {
    digest = image.digest
    await pushImage(room.machine, image, IMAGES.ldap.tag)
  }
})

const onPc = (args: readonly string[], input = '') =>
  room.machine.exec(['podman', 'exec', '-i', room.pcs[0]?.name ?? '', ...args], { input })

/** The status of the answer; `config` is what else curl is told, by stdin. */
async function ask(method: string, path: string, config = ''): Promise<string> {
  const url = path.startsWith('http') ? path : `${PLACE}${path}`
  const lines = [`url = "${url}"`, `request = "${method}"`, `cacert = "${FOLDER}/ca.crt"`, config]
  const args = ['curl', '--silent', '--output', '/dev/null', '--write-out', '%{http_code}', '--config', '-']
  return (await onPc(args, lines.join('\n'))).stdout
}

const WHAT = {
  'a list of images': ['GET', '/v2/_catalog'],
  'a list of tags': ['GET', '/v2/ldap/tags/list'],
  'an image': ['GET', () => `/v2/ldap/manifests/${digest}`],
  'an upload': ['POST', '/v2/ldap/blobs/uploads/'],
  'an image, to remove it': ['DELETE', () => `/v2/ldap/manifests/${digest}`],
} as const satisfies Record<string, readonly [string, string | (() => string)]>

const pathOf = (path: string | (() => string)): string => (typeof path === 'string' ? path : path())

const STRANGERS = {
  'nobody in particular': '',
  'somebody who guesses': 'user = "pull:pull"',
  'somebody who says nothing after the name': 'user = "push:"',
}

for (const [who, config] of Object.entries(STRANGERS)) {
  for (const [what, [method, path]] of Object.entries(WHAT)) {
    test.serial(`${who} does not get ${what}`, async (t) => {
      t.is(await ask(method, pathOf(path), config), '401')
    })
  }
}

async function loginOfPc(): Promise<string> {
  const hosts = (await onPc(['cat', `${FOLDER}/hosts.toml`])).stdout
  return `header = "Authorization: ${/Authorization = "(.+)"/.exec(hosts)?.[1]}"`
}

test.serial('a PC reads images with its login, and writes and removes none', async (t) => {
  const login = await loginOfPc()
  t.is(
    await ask(
      'GET',
      `/v2/ldap/manifests/${digest}`,
      `${login}\nheader = "Accept: application/vnd.oci.image.manifest.v1+json"`,
    ),
    '200',
  )
  t.is(await ask('POST', '/v2/ldap/blobs/uploads/', login), '405')
  t.is(await ask('PUT', '/v2/ldap/manifests/9.9.9', login), '405')
  t.is(await ask('DELETE', `/v2/ldap/manifests/${digest}`, login), '405')
})

test.serial('a PC pulls with it, and not without', async (t) => {
  const reference = `${REGISTRY}/ldap:${IMAGES.ldap.tag}`
  const pull = (hosts: string) =>
    onPc(['ctr', '--namespace', 'tried', 'images', 'pull', '--hosts-dir', hosts, reference])
  const first = await pull('/etc/containerd/certs.d')
  t.is(first.code, 0, first.stderr)
  await onPc(['ctr', '--namespace', 'tried', 'images', 'remove', reference])
  const copy = `mkdir -p /tmp/certs.d && cp -r ${FOLDER} /tmp/certs.d/ && sed -i /Authorization/d /tmp/certs.d/*/hosts.toml`
  t.is((await onPc(['sh', '-c', copy])).code, 0)
  const { code, stdout, stderr } = await pull('/tmp/certs.d')
  await onPc(['rm', '-r', '/tmp/certs.d'])
  t.not(code, 0)
  t.regex(stdout + stderr, /401|authorization failed|no basic auth/i)
})

test.serial('nothing is said without TLS, and nobody else vouches for it', async (t) => {
  t.is(await ask('GET', `http://${NETWORK.gateway}:5000/v2/`), '400')
  const stranger = await onPc(['curl', '--silent', '--max-time', '5', `${PLACE}/v2/`])
  t.is(stranger.code, 60, 'the system of a PC trusts the authority of the registry')
})

test.serial('where images are written, no PC gets to', async (t) => {
  const { code } = await onPc(['curl', '--silent', '--max-time', '5', `https://${NETWORK.gateway}:5001/v2/`])
  t.is(code, 7)
})

test.serial(
  'login and certificate are for root alone, on a PC and where images are brought in',
  async (t) => {
    const modes = (await onPc(['stat', '-c', '%a %U', FOLDER, `${FOLDER}/hosts.toml`])).stdout
    t.regex(modes, /^7[05][05] root\n600 root\n$/)
    const kept = await room.machine.must(['stat', '-c', '%a', '/run/registry', '/run/registry/auth.json'])
    t.is(kept, '700\n600\n')
    const processes = await room.machine.must(['ps', '-eo', 'args'])
    const login = (await loginOfPc()).split(' ').at(-1)?.slice(0, -1) ?? ''
    t.true(login.length > 30)
    t.false(processes.includes(login))
    const password = Buffer.from(login, 'base64').toString().split(':')[1] ?? ''
    t.false(processes.includes(password))
  },
)
