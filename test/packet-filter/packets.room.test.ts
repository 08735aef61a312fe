import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { PERSON } from '../../config/labels.ts'
import { NAMESPACES, PACKET_FILTER } from '../../config/names.ts'
import { VERSION } from '../../config/version.ts'
import { DOOR_ADDRESS, NETWORK } from '../../lab/room/plan.ts'
import type { Room } from '../../lab/room/room.ts'
import { interfacesOf } from '../../packet-filter/interfaces.ts'
import { addPerson, inPod, must, plainPod } from '../delivery/person.ts'
import { sharedRoom } from '../harness/room.ts'
import { becomes, eventually } from '../harness/wait.ts'

/** Real packets from a pod of a person, in a room whose network enforces no NetworkPolicies. */

const LOGIN = `packets-${randomBytes(2).toString('hex')}`
const IMAGE = `registry.room.example.org:5000/deskfleet:${VERSION}`
const DOOR = DOOR_ADDRESS.split('/')[0] ?? ''

let room: Room
/** Her pod, on a PC that is no master. */
let pod: ReturnType<typeof plainPod>
let pc: Room['pcs'][number]

test.before(async (t) => {
  t.timeout(600_000)
  room = await sharedRoom()
  const [worker] = room.pcs.filter(({ role }) => role === 'worker')
  if (!worker) throw new Error('the room has no worker')
  pc = worker
  await addPerson(room, LOGIN)
  pod = plainPod(LOGIN, LOGIN, IMAGE, pc.name)
  await inPod(room, pod, 'true')
})
test.after.always(() =>
  room?.run(['delete', 'pod', LOGIN, '-n', NAMESPACES.desktops, '--now', '--wait=false']),
)

/** What comes of a connection that she begins: `connected`, or the error. */
async function dial(host: string, port: number): Promise<string> {
  const script = `const socket = require('net').connect({ host: '${host}', port: ${port}, timeout: 4000 });
socket.on('connect', () => { console.log('connected'); process.exit() })
socket.on('timeout', () => { console.log('timeout'); process.exit() })
socket.on('error', ({ code }) => { console.log(code); process.exit() })`
  const args = ['exec', LOGIN, '-n', NAMESPACES.desktops, '--', 'node', '-e', script]
  return (await room.run(args)).stdout.trim()
}

/** A pod that she may be shown to be kept from, by the label of its program. */
async function podAddress(namespace: string, program: string): Promise<string> {
  const which = ['-l', `app.kubernetes.io/name=${program}`, '-n', namespace]
  return must(room, ['get', 'pods', ...which, '-o', 'jsonpath={.items[0].status.podIP}'])
}

const onPc = (...command: readonly string[]) => room.machine.exec(['podman', 'exec', pc.name, ...command])

test.serial('names are looked up, and the door is reached', async (t) => {
  const lookUp = `require('dns').lookup('kubernetes.default.svc.cluster.local', (error, address) => console.log(error?.code ?? address))`
  const looked = await room.run(['exec', LOGIN, '-n', NAMESPACES.desktops, '--', 'node', '-e', lookUp])
  t.regex(looked.stdout, /^10\.96\./)
  t.is(await dial(DOOR, 443), 'connected')
})

test.serial('no PC, no registry, no API server, no other pod is reached, at the first packet', async (t) => {
  t.timeout(300_000)
  const targets: [string, string, number][] = [
    ...room.pcs.map(({ name, address }): [string, string, number] => [`kubelet of ${name}`, address, 10_250]),
    ...room.pcs
      .filter(({ role }) => role === 'master')
      .map(({ name, address }): [string, string, number] => [`API server of ${name}`, address, 6443]),
    ['API server by its Service', '10.96.0.1', 443],
    ['the registry', NETWORK.gateway, 5000],
    ['the door at a port that is not its own', DOOR, 6443],
    ['metrics of the filter itself', pc.address, PACKET_FILTER.port],
    ['slapd', await podAddress(NAMESPACES.directory, 'ldap'), 1636],
    ['the gateway past the door', await podAddress(NAMESPACES.system, 'gateway'), 8443],
  ]
  for (const [what, host, port] of targets) t.is(await dial(host, port), 'EHOSTUNREACH', what)
})

test.serial('a Service of her own at the port of names leads to no pod', async (t) => {
  const metadata = { name: `names-${LOGIN}`, namespace: NAMESPACES.desktops }
  const ports = [{ port: 53, targetPort: 5353, protocol: 'TCP' }]
  const spec = { selector: { [PERSON]: LOGIN }, ports }
  const service = { apiVersion: 'v1', kind: 'Service', metadata, spec }
  await must(room, ['create', '-f', '-'], JSON.stringify(service))
  t.teardown(() => room.run(['delete', 'service', metadata.name, '-n', metadata.namespace]))
  const args = ['get', 'service', metadata.name, '-n', metadata.namespace, '-o', 'jsonpath={.spec.clusterIP}']
  const address = await must(room, args)
  // Before the PC knows the Service, its address is like any other of the cluster: refused, too.
  await eventually('the Service has an endpoint', async () => {
    const which = ['-l', `kubernetes.io/service-name=${metadata.name}`, '-n', metadata.namespace]
    return (
      (await must(room, [
        'get',
        'endpointslices',
        ...which,
        '-o',
        'jsonpath={.items[*].endpoints[*].addresses}',
      ])) !== ''
    )
  })
  await sleep(3_000)
  t.is(await dial(address, 53), 'EHOSTUNREACH')
})

/** The address that the PC's interface gave itself, as her pod dials it. */
async function ownMadeAddress(): Promise<string> {
  const route = await onPc('cat', '/proc/net/route')
  const { podIP } = JSON.parse(
    await must(room, ['get', 'pod', LOGIN, '-n', NAMESPACES.desktops, '-o', 'json']),
  ).status
  const [name = ''] = interfacesOf([podIP], route.stdout)
  const shown = await onPc('ip', '-6', '-o', 'address', 'show', 'dev', name, 'scope', 'link')
  return `${/fe80:[0-9a-f:]+/.exec(shown.stdout)?.[0]}%eth0`
}

test.serial('nor by the IPv6 addresses that interfaces give themselves', async (t) => {
  t.timeout(60_000)
  const address = await ownMadeAddress()
  t.regex(address, /^fe80:/)
  const refused = ['EHOSTUNREACH', 'EACCES', 'ENETUNREACH']
  await becomes('the kubelet', async () => refused.includes(await dial(address, 10_250)), true)
  t.true(refused.includes(await dial(address, PACKET_FILTER.port)))
})

test.serial(
  'the twin: without the rules a PC is reached; they come back by themselves, and are counted',
  async (t) => {
    t.timeout(400_000)
    const [master] = room.pcs
    if (!master) return t.fail('no PC')
    // They are back within ten seconds, which a call on a busy machine may take: so again and again, until one is sooner.
    const without = async (address: string): Promise<string> => {
      await onPc('nft', 'delete', 'table', 'inet', 'deskfleet')
      return await dial(address, 10_250)
    }
    await becomes('a call of a PC without the rules', () => without(master.address), 'connected')
    const own = await ownMadeAddress()
    await becomes('a call of an interface without the rules', () => without(own), 'connected')
    const took = await becomes('a call of a PC', () => dial(master.address, 10_250), 'EHOSTUNREACH', {
      seconds: 30,
    })
    t.log(`put right after ${took} s`)
    const changed = await onPc('nft', 'flush', 'chain', 'inet', 'deskfleet', 'leaving')
    t.is(changed.code, 0, changed.stderr)
    await becomes('a call of a PC', () => dial(master.address, 10_250), 'EHOSTUNREACH', { seconds: 30 })
    const metrics = await onPc('curl', '-s', `http://127.0.0.1:${PACKET_FILTER.port}/metrics`)
    t.regex(metrics.stdout, /deskfleet_packet_filter_repairs_total [1-9]/)
  },
)

test.serial('an older nft, as kube-proxy has it, still reads the tables of the PC', async (t) => {
  const which = [
    '-l',
    'k8s-app=kube-proxy',
    '-n',
    'kube-system',
    '--field-selector',
    `spec.nodeName=${pc.name}`,
  ]
  const proxy = await must(room, ['get', 'pods', ...which, '-o', 'jsonpath={.items[0].metadata.name}'])
  const listed = await must(room, ['exec', proxy, '-n', 'kube-system', '--', 'nft', 'list', 'ruleset'])
  t.regex(listed, /table inet deskfleet/)
})

test.serial('the rules stay when the program is gone', async (t) => {
  t.timeout(120_000)
  const which = ['-l', `app.kubernetes.io/name=${PACKET_FILTER.name}`, '-n', NAMESPACES.node]
  const own = ['--field-selector', `spec.nodeName=${pc.name}`]
  await must(room, ['delete', 'pods', ...which, ...own, '--now'])
  t.is(await dial(pc.address, 10_250), 'EHOSTUNREACH')
  await must(room, [
    'rollout',
    'status',
    `daemonset/${PACKET_FILTER.name}`,
    '-n',
    NAMESPACES.node,
    '--timeout=90s',
  ])
  t.is(await dial(pc.address, 10_250), 'EHOSTUNREACH')
})
