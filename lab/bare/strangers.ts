import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What an API server tells whoever asks without saying who they are: whether it is well, as kubeadm's does, and no more. */
const TOLD = ['/healthz', '/livez', '/readyz']

/** Lays down what strangers are told; resolves with the file's path. */
export function writeStrangers(dir: string): string {
  const path = join(dir, 'authentication.json')
  const configuration = {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthenticationConfiguration',
    anonymous: { enabled: true, conditions: TOLD.map((one) => ({ path: one })) },
  }
  writeFileSync(path, `${JSON.stringify(configuration, undefined, 2)}\n`, { mode: 0o600 })
  return path
}
