import test from 'ava'
import { IMAGES } from '../../../config/images.ts'
import { buildImages } from '../../../lab/images/build.ts'
import { pushImage } from '../../../lab/room/registry.ts'
import type { Room } from '../../../lab/room/room.ts'
import { sharedRoom } from '../../harness/room.ts'
import { becomes } from '../../harness/wait.ts'

const NAMESPACE = 't-images'

/** As strict as people's own namespace: an image that needs more than this is of no use. */
const namespace = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: NAMESPACE, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
}

const pod = (name: string, pc: string, image: string, command: readonly string[]) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: NAMESPACE, labels: { app: name } },
  spec: {
    nodeName: pc,
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 1,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'main',
        image,
        command,
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
      },
    ],
  },
})

const SERVER = "require('http').createServer((_, answer) => answer.end('hello')).listen(8080)"
const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'server', namespace: NAMESPACE },
  spec: { selector: { app: 'server' }, ports: [{ port: 80, targetPort: 8080 }] },
}

const PROGRAM = [
  "import('/app/certificates/authority.js').then(() => import('/app/directory/sync/synchronise.js'))",
  ".then(() => fetch('http://server.t-images.svc.cluster.local')).then((answer) => answer.text())",
  '.then((text) => console.log(process.getuid(), text, process.version))',
].join('')

let images: { deskfleet: string; ldap: string }

async function make(room: Room, ...items: object[]): Promise<void> {
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  const made = await room.run(['apply', '-f', '-'], { input })
  if (made.code !== 0) throw new Error(made.stderr)
}

const phaseOf = (room: Room, name: string) => async (): Promise<string> =>
  (await room.run(['get', 'pod', name, '-n', NAMESPACE, '-o', 'jsonpath={.status.phase}'])).stdout

const logOf = async (room: Room, name: string): Promise<string> =>
  (await room.run(['logs', name, '-n', NAMESPACE])).stdout.trim()

test.before(async (t) => {
  t.timeout(1_200_000)
  const room = await sharedRoom()
  const built = await buildImages(['deskfleet', 'ldap'], t.log)
  const references = await Promise.all(
    built.map(
      async (image) => [image.name, await pushImage(room.machine, image, IMAGES[image.name].tag)] as const,
    ),
  )
  images = Object.assign({ deskfleet: '', ldap: '' }, Object.fromEntries(references))
  await make(room, namespace, service)
})

test.after.always(async () => {
  await (await sharedRoom()).run(['delete', 'namespace', NAMESPACE, '--wait=false'])
})

test.serial(
  'our programs run on every PC, pulled by digest, as nobody, and reach each other by name',
  async (t) => {
    const room = await sharedRoom()
    const first = room.pcs[0]?.name ?? ''
    await make(room, pod('server', first, images.deskfleet, ['node', '-e', SERVER]))
    await becomes('the pod server', phaseOf(room, 'server'), 'Running')
    await make(
      room,
      ...room.pcs.map((pc) => pod(`on-${pc.name}`, pc.name, images.deskfleet, ['node', '-e', PROGRAM])),
    )
    for (const pc of room.pcs) {
      const ended = async () => /^(Succeeded|Failed)$/.test(await phaseOf(room, `on-${pc.name}`)())
      await becomes(`the pod on ${pc.name} has ended`, ended, true)
      t.regex(await logOf(room, `on-${pc.name}`), /^65532 hello v24\./, pc.name)
    }
  },
)

test.serial('slapd of the image is 2.6', async (t) => {
  const room = await sharedRoom()
  const worker = room.pcs.at(-1)?.name ?? ''
  await make(room, pod('slapd', worker, images.ldap, ['sh', '-c', 'slapd -VV 2>&1; id -u']))
  await becomes('the pod slapd', phaseOf(room, 'slapd'), 'Succeeded')
  const log = await logOf(room, 'slapd')
  t.regex(log, /OpenLDAP: slapd 2\.6\./)
  t.regex(log, /65532$/)
})

test.serial('a digest that the registry does not have never runs', async (t) => {
  const room = await sharedRoom()
  const wrong = images.deskfleet.replace(/[0-9a-f]{64}$/, 'f'.repeat(64))
  await make(room, pod('wrong', room.pcs[0]?.name ?? '', wrong, ['node', '--version']))
  const reason = async (): Promise<string> => {
    const path = 'jsonpath={.status.containerStatuses[0].state.waiting.reason}'
    const { stdout } = await room.run(['get', 'pod', 'wrong', '-n', NAMESPACE, '-o', path])
    return /^(ErrImagePull|ImagePullBackOff)$/.test(stdout) ? 'refused' : stdout
  }
  await becomes('the reason', reason, 'refused')
  t.is(await phaseOf(room, 'wrong')(), 'Pending')
})
