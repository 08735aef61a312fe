import { join } from 'node:path'
import { type CallResult, call } from '../programs/call.ts'

export interface RunOptions {
  readonly input?: string
  /** Whom it acts as. @default the administrator of the run */
  readonly kubeconfig?: string
}

/** Runs kubectl as the administrator of the run in `dir`, or with the kubeconfig in `options`. */
export function runKubectl(
  dir: string,
  kubectl: string,
  args: readonly string[],
  { input, kubeconfig = join(dir, 'admin.kubeconfig') }: RunOptions = {},
): Promise<CallResult> {
  const given = [`--kubeconfig=${kubeconfig}`, `--cache-dir=${join(dir, 'discovery')}`, ...args]
  return call(kubectl, given, input === undefined ? {} : { input }).catch((error: Error) => {
    throw new Error(`cannot run ${kubectl}: ${error.message}`)
  })
}
