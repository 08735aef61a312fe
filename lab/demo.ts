import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify, styleText } from 'node:util'
import { PERSON } from '../config/labels.ts'
import { NAMESPACES } from '../config/names.ts'
import { type BareLab, up } from './bare.ts'
import { difference, withoutDefaults } from './difference.ts'
import { startPlatform } from './platform.ts'

/** The main job, end to end, on real parts: what `npm run demo` shows. Leaves the lab running. */

const root = join(import.meta.dirname, '..')
const run = promisify(execFile)
const NAME = 'lab'
const LOGIN = 'ada'

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

const plainPod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'demo', namespace: NAMESPACES.desktops, labels: { [PERSON]: LOGIN } },
  spec: { containers: [{ name: 'shell', image: 'registry.room.example.org:5000/desktop:0.1.0' }] },
}

await main()

async function main(): Promise<void> {
  await step('1. cluster.yaml becomes manifests', async () => {
    command('npm run synth')
    console.log(indent((await run(process.execPath, [join(root, 'main.ts')], { cwd: root })).stdout))
  })
  const lab = await step('2. A real Kubernetes API server and a real slapd on this machine', (progress) =>
    up({ name: NAME, ldap: true, progress }),
  )
  await step('3. Everything in dist/ is applied; webhook and identity sync start', (progress) =>
    startPlatform(lab, progress),
  )
  await step('4. A person is added to LDAP, and becomes known to the cluster', () => addPerson(lab))
  await step('5. A plain pod becomes theirs', () => showPod(lab))
  await step('6. A pod for somebody whom nobody knows', () => showRefusal(lab))
  farewell(lab)
}

async function addPerson(lab: BareLab): Promise<void> {
  const people = (...args: string[]) =>
    run(process.execPath, [join(root, 'deskfleet.ts'), 'people', ...args], {
      cwd: root,
      env: { ...process.env, KUBECONFIG: lab.kubeconfig },
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
  await must(lab, ['wait', '--for=create', `identity/${LOGIN}`, '--timeout=30s'])
  await must(lab, ['wait', '--for=condition=Published', `identity/${LOGIN}`, '--timeout=30s'])
  console.log(indent(await must(lab, ['get', 'identity', LOGIN])))
}

async function showPod(lab: BareLab): Promise<void> {
  await must(lab, [
    'delete',
    'pod',
    'demo',
    '-n',
    NAMESPACES.desktops,
    '--ignore-not-found',
    '--now',
    '--wait',
  ])
  command('kubectl create -f pod.yaml     # what was written, and (+) what admission added')
  const created = await must(lab, ['create', '-o', 'json', '-f', '-'], JSON.stringify(plainPod))
  const text = difference(plainPod, withoutDefaults(JSON.parse(created), plainPod))
  for (const line of text.trimEnd().split('\n')) {
    console.log(`  ${line.startsWith('+') ? styleText('green', line) : line}`)
  }
}

async function showRefusal(lab: BareLab): Promise<void> {
  const pod = {
    ...plainPod,
    metadata: { ...plainPod.metadata, name: 'nobody', labels: { [PERSON]: 'nobody-knows' } },
  }
  command('kubectl create -f pod-of-nobody-knows.yaml')
  const refused = await lab.run(['create', '-f', '-'], { input: JSON.stringify(pod) })
  if (refused.code === 0) throw new Error('a pod for an unknown person was admitted: this must never happen')
  console.log(indent(refused.stderr))
}

async function must(lab: BareLab, args: readonly string[], input?: string): Promise<string> {
  const result = await lab.run(args, input === undefined ? {} : { input })
  if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr.trim()}`)
  return result.stdout
}

function farewell(lab: BareLab): void {
  console.log(`
${styleText('bold', `All of it took ${seconds(started)}.`)} The lab is still up. Look around:

  export KUBECONFIG=$(npm run -s lab -- kubeconfig)
  ${lab.kubectl} get identities
  ${lab.kubectl} get pod demo -n ${NAMESPACES.desktops} -o yaml
  npx deskfleet people list
  npx deskfleet people show ${LOGIN}
  tail -f ${lab.dir}/webhook.log

No PC runs in this lab, so the pod waits for one: it shows admission, not a desktop.
Stop with:  npm run lab -- down
`)
}
