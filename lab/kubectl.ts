import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { RunOptions, RunResult } from './bare-lab.ts'

/** Runs kubectl as the administrator of the run in `dir`, or with the kubeconfig in `options`. */
export function runKubectl(
  dir: string,
  kubectl: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const kubeconfig = options.kubeconfig ?? join(dir, 'admin.kubeconfig')
  return new Promise((done, fail) => {
    const child = spawn(kubectl, [
      `--kubeconfig=${kubeconfig}`,
      `--cache-dir=${join(dir, 'discovery')}`,
      ...args,
    ])
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.once('error', (error) => fail(new Error(`cannot run ${kubectl}: ${error.message}`)))
    child.once('close', (code) => done({ code: code ?? 1, stdout, stderr }))
    // A kubectl that refuses its arguments closes its input at once: that is told by its code, not by a broken pipe.
    child.stdin.on('error', () => {})
    child.stdin.end(options.input ?? '')
  })
}
