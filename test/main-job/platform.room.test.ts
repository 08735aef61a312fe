import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { PERSON } from '../../config/labels.ts'
import { NAMESPACES } from '../../config/names.ts'
import { applyPlatform } from '../../lab/room/platform.ts'
import type { Room } from '../../lab/room/room.ts'
import { becomes, sharedRoom } from '../lab/room/shared-room.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..', '..')

const WORKLOADS = [
  [NAMESPACES.directory, 'statefulset/ldap'],
  [NAMESPACES.system, 'deployment/webhook'],
  [NAMESPACES.system, 'deployment/identity-sync'],
] as const

const pod = (name: string, person: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: NAMESPACES.desktops, labels: { [PERSON]: person } },
  spec: { containers: [{ name: 'shell', image: 'registry.room.example.org:5000/deskfleet:0.1.0' }] },
})

const create = (room: Room, object: object) =>
  room.run(['create', '-o', 'json', '-f', '-'], { input: JSON.stringify(object) })

test.serial(
  'applied in one go, in no order: secrets are made, and every program becomes ready',
  async (t) => {
    t.timeout(900_000)
    const room = await sharedRoom()
    await applyPlatform(room, t.log)
    for (const [namespace, workload] of WORKLOADS) {
      const waited = await room.run(['rollout', 'status', workload, '-n', namespace, '--timeout=240s'])
      t.is(waited.code, 0, `${workload}: ${waited.stderr}`)
    }
  },
)

test.serial(
  'a person added by the command line, through the API, to slapd in its pod, is published',
  async (t) => {
    const room = await sharedRoom()
    const people = [join(root, 'deskfleet.ts'), 'people', 'add', 'ada', '--name', 'Ada Lovelace']
    const { stdout } = await run(process.execPath, people, {
      cwd: root,
      env: { ...process.env, KUBECONFIG: room.kubeconfig },
    })
    t.regex(stdout, /ada added, uid 10000/)
    const published = async (): Promise<string> => {
      const path = 'jsonpath={.status.conditions[?(@.type=="Published")].status}'
      return (await room.run(['get', 'identity', 'ada', '-o', path])).stdout
    }
    t.log(`published ${(await becomes(published, 'True')).toFixed(1)} s later`)
  },
)

test.serial(
  'the API server reaches the webhook by its Service: a plain pod becomes hers, a stranger’s is refused',
  async (t) => {
    const room = await sharedRoom()
    // The policy's copy of who is who follows the Identity by a moment.
    const made = async (): Promise<string> =>
      (await create(room, pod('hers', 'ada'))).code === 0 ? 'made' : 'refused'
    await becomes(made, 'made', 30)
    const path = 'jsonpath={.spec.securityContext.runAsUser}'
    t.is((await room.run(['get', 'pod', 'hers', '-n', NAMESPACES.desktops, '-o', path])).stdout, '10000')
    const refused = await create(room, pod('nobodys', 'nobody-knows'))
    t.not(refused.code, 0)
    t.regex(refused.stderr, /nobody-knows/)
  },
)

test.serial(
  'one webhook pod is killed: pods of people are still admitted with their identity, or refused, never without',
  async (t) => {
    const room = await sharedRoom()
    const names = [
      'get',
      'pods',
      '-n',
      NAMESPACES.system,
      '-l',
      'app.kubernetes.io/name=webhook',
      '-o',
      'name',
    ]
    const [victim = ''] = (await room.run(names)).stdout.trim().split('\n')
    const kill = room.run([
      'delete',
      victim,
      '-n',
      NAMESPACES.system,
      '--grace-period=0',
      '--force',
      '--wait=false',
    ])
    let refused = 0
    for (let number = 0; number < 40; number++) {
      const { code, stdout } = await create(room, pod(`during-${number}`, 'ada'))
      if (code !== 0) refused++
      else t.is(JSON.parse(stdout).spec.securityContext.runAsUser, 10000)
    }
    t.is((await kill).code, 0)
    t.log(`${refused} of 40 were refused while one webhook pod of two was killed`)
    const last = await create(room, pod('after', 'ada'))
    t.is(last.code, 0, last.stderr)
  },
)
