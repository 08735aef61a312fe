import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import type { BareLab } from '../bare/bare.ts'
import { locate } from '../binaries/locate.ts'
import { freePorts } from '../network/ports.ts'

const run = promisify(execFile)

/** Flux in a bare lab: its real kustomize-controller, and the part of its source-controller that this stands in for. */
export interface Flux {
  /** Publishes a `dist/` folder as a new revision, as source-controller does after a push. */
  publish(folder: string, revision: string): Promise<void>
  /** Ends the server of artifacts; the controller ends with the lab. */
  end(): Promise<void>
}

const NAMESPACE = 'flux-system'
const SOURCE = 'deskfleet'
const CONTROLLER = 'kustomize-controller'

/**
 * Starts kustomize-controller (from its pinned Go module) on a lab. source-controller cannot be built from modules, so
 * this serves what it would: an archive of the folder, named in the status of the GitRepository.
 */
export async function startFlux(lab: BareLab, progress: (line: string) => void = () => {}): Promise<Flux> {
  const program = (await locate(['flux'], { progress })).get(CONTROLLER) ?? CONTROLLER
  const [metrics, health] = await freePorts(2)
  await lab.start(
    CONTROLLER,
    program,
    [
      ...[`--metrics-addr=127.0.0.1:${metrics}`, `--health-addr=127.0.0.1:${health}`],
      '--requeue-dependency=2s',
    ],
    { env: { KUBECONFIG: lab.kubeconfig, RUNTIME_NAMESPACE: NAMESPACE } },
  )
  const archives = new Map<string, Buffer>()
  const server = createServer((request, answer) => {
    const archive = archives.get(request.url ?? '')
    answer.writeHead(archive ? 200 : 404).end(archive)
  }).listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  const { port } = server.address() as AddressInfo
  return {
    async publish(folder, revision) {
      const { stdout: archive } = await run('tar', ['-cz', '-C', dirname(folder), 'dist'], {
        encoding: 'buffer',
        maxBuffer: 1 << 26,
      })
      const path = `/${revision}.tar.gz`
      archives.set(path, archive)
      await announce(lab, `http://127.0.0.1:${port}${path}`, revision, archive)
    },
    end: () => new Promise((done) => server.close(() => done())),
  }
}

async function announce(lab: BareLab, url: string, revision: string, archive: Buffer): Promise<void> {
  const now = new Date().toISOString()
  const status = {
    artifact: {
      url,
      path: new URL(url).pathname.slice(1),
      revision: `main@sha1:${revision}`,
      digest: `sha256:${createHash('sha256').update(archive).digest('hex')}`,
      size: archive.length,
      lastUpdateTime: now,
    },
    conditions: [
      { type: 'Ready', status: 'True', reason: 'Succeeded', message: revision, lastTransitionTime: now },
    ],
  }
  const what = ['gitrepository', SOURCE, '-n', NAMESPACE]
  const patch = ['patch', ...what, '--subresource=status', '--type=merge', '-p', JSON.stringify({ status })]
  const { code, stderr } = await lab.run(patch)
  if (code !== 0) throw new Error(`the artifact could not be announced: ${stderr.trim()}`)
}
