import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PERSON } from '../../config/labels.ts'
import { NAMESPACES } from '../../config/names.ts'
import { type BareLab, open, type RunResult } from '../../lab/bare.ts'

const root = join(import.meta.dirname, '../..')

/** The lab that this test run shares, with the platform in it. */
export async function sharedLab(): Promise<BareLab> {
  const name = process.env.DESKFLEET_LAB
  if (name === undefined)
    throw new Error('these tests share a lab: run them by npm test, or set DESKFLEET_LAB')
  const lab = await open(name)
  if (lab === undefined) throw new Error(`the lab ${name} does not run`)
  return lab
}

export async function must(lab: BareLab, args: readonly string[], input?: object): Promise<string> {
  const { code, stdout, stderr } = await lab.run(
    args,
    input === undefined ? {} : { input: JSON.stringify(input) },
  )
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`)
  return stdout
}

/** A plain pod: name, label, image, nothing else. */
export const plainPod = (slug: string, name = 'desktop') => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: NAMESPACES.desktops, labels: { [PERSON]: slug } },
  spec: { containers: [{ name: 'c', image: 'x:1' }] },
})

export const tryPod = (lab: BareLab, slug: string): Promise<RunResult> =>
  lab.run(['create', '--dry-run=server', '-o', 'json', '-f', '-'], { input: JSON.stringify(plainPod(slug)) })

/** Runs the people's command line as an administrator would: with a kubeconfig, nothing else. */
export function deskfleet(lab: BareLab, ...args: string[]): Promise<RunResult> {
  return new Promise((done) => {
    const env = { ...process.env, KUBECONFIG: lab.kubeconfig }
    execFile(process.execPath, [join(root, 'deskfleet.ts'), ...args], { env }, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, stdout, stderr })
    })
  })
}

/** Asks again until the answer is true; how long it took, in ms. Bounded. */
export async function eventually(what: string, ask: () => Promise<boolean>, seconds = 60): Promise<number> {
  const since = Date.now()
  while (Date.now() - since < seconds * 1000) {
    if (await ask()) return Date.now() - since
    await sleep(100)
  }
  throw new Error(`${what}: not within ${seconds} s`)
}

/** A pod of that person, tried until it is taken: what was published reaches the webhook and the proofs a moment later. */
export async function tryPodUntilTaken(lab: BareLab, slug: string): Promise<RunResult> {
  let answer: RunResult = { code: 1, stdout: '', stderr: '' }
  const taken = async (): Promise<boolean> => {
    answer = await tryPod(lab, slug)
    return answer.code === 0
  }
  // The last refusal says more than that it took too long.
  await eventually(`a pod of ${slug} is taken`, taken).catch(() => {})
  return answer
}

export const published = (lab: BareLab, slug: string) =>
  eventually(`${slug} is published`, async () => {
    const path = 'jsonpath={.status.conditions[?(@.type=="Published")].status}'
    return (await lab.run(['get', 'identity', slug, '-o', path])).stdout === 'True'
  })
