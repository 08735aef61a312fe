import { join } from 'node:path'
import type { CallResult } from '../programs/call.ts'
import { endRun } from '../run/end.ts'
import type { RunRecord } from '../run/record.ts'
import { type StartOptions, startProcess, stopProcess } from '../run/run.ts'
import { type RunOptions, runKubectl } from './kubectl.ts'

/** A run that is a cluster: what the bare lab and a room have in common. */
export interface Cluster {
  readonly name: string
  /** The run's folder: record, certificates, logs, data. Mode 0700; removed by `down`. */
  readonly dir: string
  /** `https://127.0.0.1:PORT` */
  readonly server: string
  /** Path of a kubeconfig that may do everything. */
  readonly kubeconfig: string
  /** Path of the kubectl that fits the API server. */
  readonly kubectl: string
  /** Runs kubectl; resolves with its output and exit code, and never throws on a code other than 0. */
  run(args: readonly string[], options?: RunOptions): Promise<CallResult>
  /**
   * Starts a recorded background process of this run on the host, its output in `<dir>/<id>.log`; resolves with its
   * pid. Its death does not make the run a crashed one.
   */
  start(id: string, command: string, args: readonly string[], options?: StartOptions): Promise<number>
  /** Ends a process that `start` began: `signal` (SIGTERM), then SIGKILL if it still runs after 5 s. */
  stop(id: string, signal?: NodeJS.Signals): Promise<void>
  /** Ends everything this run started and removes its folder. */
  down(): Promise<void>
}

/** The cluster of the run in `dir`, as its record is now. */
export function clusterOf(dir: string, { name, kind, server, kubectl }: RunRecord): Cluster {
  if (!server || !kubectl) throw new Error(`the ${kind} "${name}" has no API server yet`)
  return {
    name,
    dir,
    server,
    kubectl,
    kubeconfig: join(dir, 'admin.kubeconfig'),
    run: (args, options) => runKubectl(dir, kubectl, args, options),
    start: (id, command, args, options) => startProcess(dir, id, command, args, { ...options, guest: true }),
    stop: (id, signal) => stopProcess(dir, id, signal),
    down: () => endRun(dir),
  }
}
