import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Credentials } from './credentials.ts'

/** Lays down how the API server proves itself to webhooks, whichever it calls; resolves with the file's path. */
export function writeAdmission(dir: string, credentials: Credentials): string {
  const callers = join(dir, 'webhooks.kubeconfig')
  const files = {
    'client-certificate': credentials.file('apiserver-webhooks', 'crt'),
    'client-key': credentials.file('apiserver-webhooks', 'key'),
  }
  write(callers, { apiVersion: 'v1', kind: 'Config', users: [{ name: '*', user: files }] })
  const configuration = {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'WebhookAdmissionConfiguration',
    kubeConfigFile: callers,
  }
  const plugins = [{ name: 'MutatingAdmissionWebhook', configuration }]
  const path = join(dir, 'admission.json')
  write(path, { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AdmissionConfiguration', plugins })
  return path
}

const write = (path: string, value: object): void =>
  writeFileSync(path, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600 })
