import type { LabLdap } from './ldap.ts'

/** A running bare lab: a real control plane on loopback, and what was added to it. */
export interface BareLab {
  readonly name: string
  /** The run's folder: record, certificates, logs, data. Mode 0700; removed by `down`. */
  readonly dir: string
  /** `https://127.0.0.1:PORT` */
  readonly server: string
  /** Path of a kubeconfig that may do everything. */
  readonly kubeconfig: string
  /** Path of the kubectl that fits the API server. */
  readonly kubectl: string
  readonly ldap: LabLdap | undefined
  /** Runs kubectl; resolves with its output and exit code, and never throws on a code other than 0. */
  run(args: readonly string[], options?: RunOptions): Promise<RunResult>
  /** Path of a kubeconfig that acts as that ServiceAccount, which must exist; its token is good for a day. */
  actAs(namespace: string, serviceAccount: string): Promise<string>
  /** Path of a kubeconfig that acts as a plain user, by a client certificate for that name and those groups. */
  actAsUser(user: string, groups?: readonly string[]): Promise<string>
  /** Starts a recorded background process of this run, its output in `<dir>/<id>.log`; resolves with its pid. */
  start(id: string, command: string, args: readonly string[], options?: StartOptions): Promise<number>
  /** Ends a process that `start` began: `signal` (SIGTERM), then SIGKILL if it still runs after 5 s. */
  stop(id: string, signal?: NodeJS.Signals): Promise<void>
  /** Ends everything this run started and removes its folder. */
  down(): Promise<void>
}

export interface RunOptions {
  readonly input?: string
  readonly kubeconfig?: string
}

export interface RunResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface StartOptions {
  readonly env?: Record<string, string>
  readonly cwd?: string
  readonly uid?: number
  readonly gid?: number
  /** The executable's file name, where `command` is a wrapper that replaces itself by it (sh, nsenter). */
  readonly becomes?: string
}
