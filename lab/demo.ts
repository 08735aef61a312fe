import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify, styleText } from 'node:util'
import { PERSON } from '../config/labels.ts'
import { NAMESPACES } from '../config/names.ts'
import { applicationsOf } from './delivery/applications.ts'
import { type Delivery, DOOR_HOST, deliver, openDoor } from './delivery/deliver.ts'
import { difference, withoutDefaults } from './difference.ts'
import { ROOM_NAME } from './room/command.ts'
import { type Room, up } from './room/room.ts'

/** The main job, end to end, on real parts: what `npm run demo` shows. Leaves the room running. */

const root = join(import.meta.dirname, '..')
const run = promisify(execFile)
const LOGIN = 'ada'
const POD = 'demo'

const started = performance.now()
const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`

async function step<T>(title: string, work: (say: (line: string) => void) => Promise<T>): Promise<T> {
  const since = performance.now()
  console.log(styleText('bold', `\n${title}`))
  const result = await work((line) => console.log(styleText('dim', `  ${line}`)))
  console.log(styleText('dim', `  done in ${seconds(since)}`))
  return result
}

const command = (line: string) => console.log(`  ${styleText('cyan', `$ ${line}`)}`)
const indent = (text: string) => text.trimEnd().replace(/^/gm, '  ')

const plainPod = (image: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: POD, namespace: NAMESPACES.desktops, labels: { [PERSON]: LOGIN } },
  spec: { containers: [{ name: 'shell', image, command: ['sleep', 'infinity'] }] },
})
type PlainPod = ReturnType<typeof plainPod>

const inDesktops = ['-n', NAMESPACES.desktops]

await main()

async function main(): Promise<void> {
  const room = await step('1. A room of three PCs: a real cluster, made by kind and kubeadm', async (say) => {
    const made = await up({ name: ROOM_NAME, masters: 1, workers: 2, progress: say })
    command('kubectl get nodes')
    console.log(indent(await must(made, ['get', 'nodes'])))
    return made
  })
  const delivery = await step(
    '2. cluster.yaml → manifests → a Git commit → Argo CD brings everything',
    (say) => deliver(room, say),
  )
  await showDelivery(room, delivery)
  await step('3. A person is added to LDAP, and becomes known to the cluster', () => addPerson(room))
  const plain = plainPod(delivery.images.deskfleet ?? '')
  await step('4. A plain pod becomes theirs at admission', () => showPod(room, plain))
  await step('5. It runs on a PC, as them, in their home', () => showRunning(room))
  await step('6. A pod for somebody whom nobody knows', () => showRefusal(room, plain))
  farewell(room, await openDoor(room))
}

async function showDelivery(room: Room, { repository, commit }: Delivery): Promise<void> {
  command('git show --stat HEAD')
  console.log(indent(await repository.git('show', '--no-patch', '--format=commit %h, %an: %s', commit)))
  console.log(indent((await repository.git('show', '--shortstat', '--format=', commit)).trim()))
  command('kubectl get applications -n argocd')
  for (const { name, sync, health, revision } of await applicationsOf(room)) {
    console.log(`  ${name.padEnd(14)}${sync.padEnd(10)}${health.padEnd(10)}${revision.slice(0, 7)}`)
  }
}

async function addPerson(room: Room): Promise<void> {
  const people = (...args: string[]) =>
    run(process.execPath, [join(root, 'deskfleet.ts'), 'people', ...args], {
      cwd: root,
      env: { ...process.env, KUBECONFIG: room.kubeconfig },
    })
  const known = await people('show', LOGIN).catch(() => undefined)
  if (known === undefined) {
    command(`npx deskfleet people add ${LOGIN} --name "Ada Lovelace"`)
    const { stdout } = await people('add', LOGIN, '--name', 'Ada Lovelace')
    console.log(indent(stdout))
  } else {
    console.log(`  ${LOGIN} is in LDAP already`)
  }
  command(`kubectl get identity ${LOGIN}`)
  await must(room, ['wait', '--for=create', `identity/${LOGIN}`, '--timeout=30s'])
  for (const condition of ['Published', 'HomeReady']) {
    await must(room, ['wait', `--for=condition=${condition}`, `identity/${LOGIN}`, '--timeout=60s'])
  }
  console.log(indent(await must(room, ['get', 'identity', LOGIN])))
}

async function showPod(room: Room, plain: PlainPod): Promise<void> {
  await must(room, ['delete', 'pod', POD, ...inDesktops, '--ignore-not-found', '--now', '--wait'])
  command('kubectl create -f pod.yaml     # what was written, and (+) what admission added')
  const created = await must(room, ['create', '-o', 'json', '-f', '-'], JSON.stringify(plain))
  const text = difference(plain, withoutDefaults(JSON.parse(created), plain))
  for (const line of text.trimEnd().split('\n')) {
    console.log(`  ${line.startsWith('+') ? styleText('green', line) : line}`)
  }
}

async function showRunning(room: Room): Promise<void> {
  await must(room, ['wait', '--for=condition=Ready', `pod/${POD}`, ...inDesktops, '--timeout=120s'])
  const columns = 'custom-columns=POD:.metadata.name,PHASE:.status.phase,PC:.spec.nodeName'
  command(`kubectl get pod ${POD} ${inDesktops.join(' ')}`)
  console.log(indent(await must(room, ['get', 'pod', POD, ...inDesktops, '-o', columns])))
  for (const line of [
    'id',
    'cd && echo "written $(date -u +%F)" >proof && ls -ln "$PWD/proof" && cat proof',
    'ls -la /mnt',
  ]) {
    command(`kubectl exec ${POD} -- sh -c '${line}'`)
    console.log(indent(await must(room, ['exec', POD, ...inDesktops, '--', 'sh', '-c', line])))
  }
}

async function showRefusal(room: Room, plain: PlainPod): Promise<void> {
  const pod = {
    ...plain,
    metadata: { ...plain.metadata, name: 'nobody', labels: { [PERSON]: 'nobody-knows' } },
  }
  command('kubectl create -f pod-of-nobody-knows.yaml')
  const refused = await room.run(['create', '-f', '-'], { input: JSON.stringify(pod) })
  if (refused.code === 0) throw new Error('a pod for an unknown person was admitted: this must never happen')
  console.log(indent(refused.stderr))
}

async function must(room: Room, args: readonly string[], input?: string): Promise<string> {
  const result = await room.run(args, input === undefined ? {} : { input })
  if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr.trim()}`)
  return result.stdout
}

function farewell(room: Room, door: number): void {
  console.log(`
${styleText('bold', `All of it took ${seconds(started)}.`)} The room is still up. Look around:

  export KUBECONFIG=$(npm run -s lab -- room kubeconfig)
  ${room.kubectl} get pods -A
  ${room.kubectl} get identities
  npx deskfleet people list
  git -C ${join(room.dir, 'repository')} log          # change dist/ there, commit, push: Argo CD follows
  npm run lab -- room pc off ${ROOM_NAME}-worker       # a PC loses power

Log in as ${LOGIN} with the password of step 3, in a browser on this machine:

  chromium --ignore-certificate-errors --user-data-dir=$(mktemp -d) \\
    --host-resolver-rules="MAP ${DOOR_HOST} 127.0.0.1:${door}" https://${DOOR_HOST}

Stop with:  npm run lab -- room down
`)
}
