import { chmod, copyFile, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { dirname, join } from 'node:path'
import type { Clock } from '../../service/clock.ts'
import { API_FILES } from '../backup/belongings.ts'
import { SNAPSHOT } from '../backup/manifest.ts'
import { type Failed, runToEnd } from '../backup/run-program.ts'
import type { Opened } from '../backup/unseal.ts'
import type { Step } from './decide.ts'
import { CONFIG, DATA, KUBERNETES, MANIFESTS, PKI } from './paths.ts'

/** By what a rescue is done. */
export interface Hands {
  /** `/`, or where a test has a PC. */
  readonly root: string
  readonly kubeadm: string
  readonly etcdutl: string
  /** Has the kubelet read its files anew. @throws when it cannot be */
  readonly restartKubelet: () => Promise<void>
  readonly clock: Clock
  /** Ms for the API server to be ready: etcd and it are started by a kubelet that has just begun. */
  readonly patience: number
}

/** Does one step. @throws with the reason; what was laid aside lies there still */
export async function act(step: Step, { manifest, folder }: Opened, hands: Hands): Promise<void> {
  const { root } = hands
  switch (step.do) {
    case 'layAside':
      await rename(join(root, step.path), join(root, step.to))
      return
    case 'layKeys': {
      const keys = Object.keys(manifest.files).filter(
        (name) => name.startsWith('pki/') || name.startsWith(API_FILES),
      )
      for (const name of keys) {
        const to = join(root, KUBERNETES, name)
        await mkdir(dirname(to), { recursive: true, mode: 0o755 })
        await copyFile(join(folder, name), to)
        await chmod(to, 0o600)
      }
      return
    }
    case 'restore': {
      const data = `--data-dir=${join(root, DATA)}`
      const args = ['snapshot', 'restore', join(folder, SNAPSHOT), data, ...step.args]
      return must(await runToEnd(hands.etcdutl, args))
    }
    case 'writeConfig':
      await mkdir(join(root, MANIFESTS), { recursive: true, mode: 0o755 })
      await writeFile(join(root, CONFIG), step.text, { mode: 0o600 })
      return
    case 'kubeadm':
      return must(
        await runToEnd(hands.kubeadm, [...step.args, ...(root === '/' ? [] : [`--rootfs=${root}`])]),
      )
    case 'restartKubelet':
      await hands.restartKubelet()
      return
    case 'waitForApi':
      await untilReady(step.url, hands)
  }
}

function must(outcome: { readonly stdout: string } | Failed): void {
  if ('failed' in outcome) throw new Error(outcome.failed)
}

async function untilReady(url: string, { root, clock, patience }: Hands): Promise<void> {
  const authority = await readFile(join(root, PKI, 'ca.crt'))
  const until = clock.now() + patience
  let last = ''
  while (clock.now() < until) {
    last = await new Promise<string>((resolve) => {
      const asked = request(`${url}/readyz`, { ca: authority, agent: false, timeout: 3_000 })
      asked.once('response', (response) => {
        response.resume()
        resolve(String(response.statusCode))
      })
      asked.once('timeout', () => asked.destroy(new Error('no answer')))
      asked.once('error', (error) => resolve(error.message))
      asked.end()
    })
    if (last === '200') return
    await clock.sleep(500)
  }
  const manifests = await readdir(join(root, MANIFESTS)).catch(() => [])
  throw new Error(
    `the API server at ${url} is not ready after ${patience / 1_000} s (${last}); the kubelet has to run ${manifests.join(', ')}: see "crictl ps -a" and "journalctl -u kubelet"`,
  )
}
