import type { KubeConfig } from '@kubernetes/client-node'
import type { Clock } from '../../service/clock.ts'
import { turns } from '../../service/turns.ts'
import { act } from './act.ts'
import { poolCluster } from './cluster.ts'
import { decide } from './decide.ts'
import type { Memory, Step } from './facts.ts'
import { filesIn } from './files.ts'
import { observe } from './observe.ts'

export interface Keeping {
  /** Where key and certificate shall lie: `GLUSTER.tls`, as this program sees it. */
  readonly directory: string
  /** This PC, by its Node's name. */
  readonly node: string
  /** With the token of a pod on this PC, of the mounter's account, and the rights of `charts/storage/pool-member.ts`. */
  readonly cluster: KubeConfig
  readonly clock: Clock
  readonly listener: Listener
  /** Ms to the next look: when all is well, while something is awaited, and after a step. */
  readonly rhythm?: { readonly idle: number; readonly soon: number; readonly next: number }
}

export interface Listener {
  /** After each look. */
  looked(standing: Standing): void
  /** What lies there is another one now: what was started with the former one goes on with that until it starts anew. */
  laid(): void
  /** Something on the disk or in the cluster did not work; it is tried again. */
  failed(error: unknown): void
}

/** How this PC's certificate stands. */
export interface Standing {
  /** Whether Gluster can be known by what lies there: one that is awaited may well replace one that is good. */
  readonly usable: boolean
  /** When it ends, ms since 1970; undefined where there is none. */
  readonly until: number | undefined
  /** What is awaited, a sentence for people; undefined when all is as it shall be. */
  readonly waitsFor: string | undefined
}

const RHYTHM = { idle: 60_000, soon: 2_000, next: 200 }

/**
 * Keeps the key and the certificate by which this PC is known in the Gluster pool: `glusterfs.key`, `glusterfs.pem` and
 * `glusterfs.ca` in a folder, until the signal aborts. Makes the key there, has the certificate signed by way of a
 * CertificateSigningRequest, replaces it with half of its life left, and whatever is damaged or of another authority at
 * once. Never rejects: while the cluster is silent, what lies there serves on.
 *
 * Gluster may be started as soon as a look says `usable`. For the mounter's service:
 *
 * ```ts
 * const report = certificateReport(registry, log)
 * readiness.needs(() => (report.usable() ? [] : ['this PC has no certificate for the Gluster pool']))
 * await keepCertificate({ directory: settings.tls, node: settings.node, cluster: ownCluster(), clock, listener: report }, signal)
 * ```
 */
export async function keepCertificate(keeping: Keeping, signal: AbortSignal): Promise<void> {
  const { directory, node, clock, listener, rhythm = RHYTHM } = keeping
  const [files, cluster] = [filesIn(directory), poolCluster(keeping.cluster)]
  let memory: Memory = {}
  let last: Step | undefined
  const pass = async (): Promise<keyof typeof rhythm> => {
    const times = { wall: clock.wall().getTime(), now: clock.now() }
    const seen = await observe(files, cluster, node, times)
    const { laid } = seen.facts
    const verdict = decide(seen.facts, memory)
    memory = verdict.memory
    const { step, usable, waitsFor } = verdict
    listener.looked({ usable, until: laid.state === 'whole' ? laid.notAfter : undefined, waitsFor })
    const before = last
    last = step
    if (step === undefined) return waitsFor === undefined ? 'idle' : 'soon'
    await act(step, seen, files, cluster)
    if (step === 'lay' || step === 'lay-authorities') listener.laid()
    // A step that changes nothing is not taken as fast as that goes.
    return step === before ? 'soon' : 'next'
  }
  await turns(
    clock,
    { rest: (then = 'soon') => rhythm[then], failed: (error) => listener.failed(error) },
    signal,
    pass,
  )
}
