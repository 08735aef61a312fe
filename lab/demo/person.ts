import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify, styleText } from 'node:util'
import { PERSON } from '../../config/labels.ts'
import { NAMESPACES } from '../../config/names.ts'
import type { Cluster } from '../kubectl/cluster.ts'
import { difference, withoutDefaults } from '../manifests/difference.ts'
import { command, must, print } from './screen.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..', '..')

export const LOGIN = 'ada'
export const POD = 'demo'
export const IN_DESKTOPS = ['-n', NAMESPACES.desktops]

const plainPod = (image: string, person = LOGIN, name = POD) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: NAMESPACES.desktops, labels: { [PERSON]: person } },
  spec: { containers: [{ name: 'shell', image, command: ['sleep', 'infinity'] }] },
})

/** The command of administrators, on that cluster. @throws when it ends with another code than 0 */
export const deskfleet = (cluster: Cluster, ...args: string[]) =>
  run(process.execPath, [join(root, 'deskfleet.ts'), ...args], {
    cwd: root,
    env: { ...process.env, KUBECONFIG: cluster.kubeconfig },
  })

/** Adds the person to the cluster's LDAP, and waits until the cluster knows them. */
export async function addPerson(cluster: Cluster, conditions: readonly string[]): Promise<void> {
  const people = (...args: string[]) => deskfleet(cluster, 'people', ...args)
  const known = await people('show', LOGIN).catch(() => undefined)
  if (known === undefined) {
    command(`npx deskfleet people add ${LOGIN} --name "Ada Lovelace"`)
    const { stdout } = await people('add', LOGIN, '--name', 'Ada Lovelace')
    print(stdout)
  } else {
    print(`${LOGIN} is in LDAP already`)
  }
  command(`kubectl get identity ${LOGIN}`)
  await must(cluster, ['wait', '--for=create', `identity/${LOGIN}`, '--timeout=30s'])
  for (const condition of conditions) {
    await must(cluster, ['wait', `--for=condition=${condition}`, `identity/${LOGIN}`, '--timeout=60s'])
  }
  print(await must(cluster, ['get', 'identity', LOGIN]))
}

/** Makes a plain pod of the person, anew; resolves with the pod as the API server has it. */
export async function createPod(cluster: Cluster, image: string): Promise<object> {
  await must(cluster, ['delete', 'pod', POD, ...IN_DESKTOPS, '--ignore-not-found', '--now', '--wait'])
  const input = JSON.stringify(plainPod(image))
  // What was published reaches the webhook and the API server's own proofs a moment later.
  for (const end = performance.now() + 20_000; ; await sleep(250)) {
    const { code, stdout, stderr } = await cluster.run(['create', '-o', 'json', '-f', '-'], { input })
    if (code === 0) return JSON.parse(stdout)
    if (performance.now() > end) throw new Error(`the pod of ${LOGIN} is refused: ${stderr.trim()}`)
  }
}

/** What was written, and what admission made of it. */
export async function showPod(cluster: Cluster, image: string): Promise<void> {
  command('kubectl create -f pod.yaml     # what was written, and (+) what admission added')
  const written = plainPod(image)
  const text = difference(written, withoutDefaults(await createPod(cluster, image), written))
  for (const line of text.trimEnd().split('\n')) {
    console.log(`  ${line.startsWith('+') ? styleText('green', line) : line}`)
  }
}

/** @throws when it is admitted. */
export async function showRefusal(cluster: Cluster, image: string): Promise<void> {
  const pod = plainPod(image, 'nobody-knows', 'nobody')
  command('kubectl create -f pod-of-nobody-knows.yaml')
  const refused = await cluster.run(['create', '-f', '-'], { input: JSON.stringify(pod) })
  if (refused.code === 0) throw new Error('a pod for an unknown person was admitted: this must never happen')
  print(refused.stderr)
}
