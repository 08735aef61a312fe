import { CoreV1Api, KubeConfig } from '@kubernetes/client-node'
import { reasonOf } from '../../cluster/answer.ts'
import { plainPod } from '../delivery/person.ts'

/** What became of a steady stream of pods that were only asked about. */
export interface Admissions {
  readonly asked: number
  /** What was not asked, since too many waited for their answers. */
  readonly spared: number
  /** Whatever is not a pod with its person's uid: when, in seconds, and why. */
  readonly failed: readonly string[]
}

/**
 * Asks for the admission of a person's pod so many times a second, by a dry run that stores nothing, whatever became of
 * those before. Resolves, after `during` has ended, with what became of all.
 *
 * @param most Unanswered at once. More are spared a machine that does not keep up: they would only wait for each other.
 */
export async function admissionsWhile(
  kubeconfig: string,
  { login, uid, image, rate, most = 50 }: Who,
  during: () => Promise<unknown>,
): Promise<Admissions> {
  const config = new KubeConfig()
  config.loadFromFile(kubeconfig)
  const core = config.makeApiClient(CoreV1Api)
  const failed: string[] = []
  const under = new Set<Promise<void>>()
  const since = performance.now()
  let asked = 0
  let spared = 0
  const ask = async (): Promise<void> => {
    const at = ((performance.now() - since) / 1_000).toFixed(1)
    const body = plainPod(`asked-${asked++}`, login, image)
    try {
      const pod = await core.createNamespacedPod({
        namespace: body.metadata.namespace,
        body,
        dryRun: 'All',
      })
      const got = pod.spec?.securityContext?.runAsUser
      if (got !== uid) failed.push(`${at} s: admitted as ${got}`)
    } catch (error) {
      failed.push(`${at} s: ${reasonOf(error)}`)
    }
  }
  const timer = setInterval(() => {
    // A late timer asks for what it missed, too.
    for (const due = ((performance.now() - since) * rate) / 1_000; asked + spared < due; ) {
      if (under.size >= most) {
        spared++
        continue
      }
      const one = ask().finally(() => under.delete(one))
      under.add(one)
    }
  }, 1_000 / rate)
  try {
    await during()
  } finally {
    clearInterval(timer)
    await Promise.all(under)
  }
  return { asked, spared, failed }
}

export interface Who {
  readonly login: string
  readonly uid: number
  readonly image: string
  /** A second. */
  readonly rate: number
  readonly most?: number
}
