import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { PERSON } from '../../config/labels.ts'
import { NAMESPACES } from '../../config/names.ts'
import type { BareLab, RunResult } from '../../lab/bare/bare.ts'
import { becomes, eventually } from './wait.ts'

/** What people and administrators do with the platform on a lab. */

const root = join(import.meta.dirname, '../..')

/** An image that may run in `desktops`; nobody pulls it in a bare lab. */
export const ROOM_IMAGE = 'registry.room.example.org:5000/x:1'

/** A plain pod: name, label, image, nothing else. */
export const plainPod = (slug: string, name = 'desktop') => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: NAMESPACES.desktops, labels: { [PERSON]: slug } },
  spec: { containers: [{ name: 'c', image: ROOM_IMAGE }] },
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
  becomes(
    `the condition Published of ${slug}`,
    async () => {
      const path = 'jsonpath={.status.conditions[?(@.type=="Published")].status}'
      return (await lab.run(['get', 'identity', slug, '-o', path])).stdout
    },
    'True',
    { seconds: 60 },
  )
