import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import test from 'ava'
import { NAMESPACES } from '../../config/names.ts'
import { VERSION } from '../../config/version.ts'

/**
 * Only where the network enforces policies: in `npm run kind`, with its KUBECONFIG, by `npm run test:kind`. The room
 * without Docker has no network that does; there the policies are tested as objects.
 */
const run = promisify(execFile)
const kubectl = async (...args: string[]): Promise<string> => (await run('kubectl', args)).stdout.trim()

const IMAGE = `registry.room.example.org:5000/deskfleet:${VERSION}`

/** A pod that does nothing, allowed under *restricted*. */
const idle = (name: string, namespace: string, labels: Record<string, string> = {}) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 1,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'idle',
          image: IMAGE,
          command: ['sleep', 'infinity'],
          resources: { requests: { cpu: '1m', memory: '16Mi' }, limits: { memory: '64Mi' } },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  })

async function make(manifest: string, name: string, namespace: string): Promise<void> {
  const child = run('kubectl', ['apply', '-f', '-'])
  child.child.stdin?.end(manifest)
  await child
  await kubectl('wait', '--for=condition=Ready', `pod/${name}`, '-n', namespace, '--timeout=60s')
}

/** `open` or `closed`: whether a TCP connection comes to be within three seconds. */
async function dial(name: string, namespace: string, host: string, port: number): Promise<string> {
  const script = `require('net').connect(${port}, '${host}').once('connect', () => { console.log('open'); process.exit() }).once('error', () => { console.log('closed'); process.exit() }); setTimeout(() => { console.log('closed'); process.exit() }, 3000)`
  return kubectl('exec', name, '-n', namespace, '--', 'node', '-e', script)
}

test.serial('only programs that read LDAP can connect to it', async (t) => {
  const { system } = NAMESPACES
  const ldap = `ldap.${NAMESPACES.directory}.svc.cluster.local`
  await make(idle('stranger', system), 'stranger', system)
  const labels = { 'app.kubernetes.io/name': 'identity-sync', 'app.kubernetes.io/part-of': 'deskfleet' }
  await make(idle('as-sync', system, labels), 'as-sync', system)
  try {
    t.is(await dial('as-sync', system, ldap, 636), 'open')
    t.is(await dial('stranger', system, ldap, 636), 'closed')
  } finally {
    await kubectl('delete', 'pod', 'stranger', 'as-sync', '-n', system, '--now', '--wait=false')
  }
})
