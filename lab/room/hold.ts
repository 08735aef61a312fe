import type { Machine } from '../machine/machine.ts'

/** Steps of a join, each with what kubeadm says when it is through. */
export const JOIN_STEPS = {
  /** The keys of the cluster are here, and nothing runs. */
  certificates: '[control-plane] Using manifest folder',
  /** The manifests of API server, controllers and scheduler are here; etcd knows nothing. */
  manifests: '[etcd] Adding etcd member',
  /** etcd counts the PC as one that learns; its own etcd is about to start. */
  announced: '[etcd] Announced new etcd member',
  /** It votes. Its Node says nothing of it yet. */
  promoted: '[etcd] The learner was promoted',
} as const
export type JoinStep = keyof typeof JOIN_STEPS

/** A join that stands still. */
export interface Held {
  /** Lets it go on. */
  release(): Promise<void>
}

/**
 * Waits until a join on the PC is through with a step, and stops it there. A held join changes nothing, whatever the rest of
 * the PC does; what it began goes on. To be called before the join begins.
 *
 * @throws where no join comes to that step within `seconds`
 */
export async function holdJoin(machine: Machine, pc: string, step: JoinStep, seconds: number): Promise<Held> {
  const kubeadm = (signal: string) => ['podman', 'exec', pc, 'pkill', `-${signal}`, '--exact', 'kubeadm']
  // The shell would wait for `tail` too, which only ends at its next line: so kubeadm is stopped inside.
  const watch = `tail --follow=name --retry --sleep-interval=0.02 --lines=+1 /run/deskfleet-crown/log 2>/dev/null |
    { grep -qF "$1" && pkill -STOP --exact kubeadm && pkill --parent $$ --exact tail; }`
  const args = ['podman', 'exec', pc, 'timeout', String(seconds), 'sh', '-c', watch, 'hold', JOIN_STEPS[step]]
  const { code, stderr } = await machine.exec(args, { timeout: (seconds + 10) * 1000 })
  if (code !== 0) throw new Error(`no join on ${pc} came to "${step}" within ${seconds} s: ${stderr.trim()}`)
  return { release: async () => void (await machine.must(kubeadm('CONT'))) }
}
