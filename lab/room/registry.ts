import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { until } from '../readiness.ts'
import { logTail, runs, startProcess } from '../run.ts'
import type { Machine } from './machine.ts'
import { NETWORK, type Pc } from './plan.ts'

const PROCESS = 'registry'
const PORT = 5000

/** What the platform's files call the registry; the room's nodes are told where that is. */
export const REGISTRY = 'registry.room.example.org:5000'

/**
 * Starts the room's registry (the distribution project's own) in the room's network, and tells every node that
 * `REGISTRY` is there. It speaks plain HTTP: nobody but the room's own nodes can reach it.
 */
export async function startRegistry(
  dir: string,
  machine: Machine,
  pcs: readonly Pc[],
  program: string,
): Promise<void> {
  const config = join(dir, 'registry.yaml')
  mkdirSync(join(dir, 'registry'), { recursive: true })
  writeFileSync(
    config,
    stringify({
      version: '0.1',
      log: { level: 'warn' },
      storage: { filesystem: { rootdirectory: join(dir, 'registry') } },
      // On all addresses of the room's network: the bridge comes and goes with the PCs that are on.
      http: { addr: `0.0.0.0:${PORT}` },
    }),
  )
  await startProcess(dir, PROCESS, 'nsenter', [...machine.network, program, 'serve', config], {
    becomes: 'registry',
    env: { OTEL_TRACES_EXPORTER: 'none' },
  })
  // Asked from where it matters: a node.
  const place = `http://${NETWORK.gateway}:${PORT}/v2/`
  const curl = ['podman', 'exec', pcs[0]?.name ?? '', 'curl', '--silent', '--fail', '--max-time', '2', place]
  const answers = async (): Promise<boolean> => (await machine.exec(curl)).code === 0
  const outcome = await until("the room's registry", 20_000, answers, () => runs(dir, PROCESS))
  if (!outcome.ready) throw new Error(`${outcome.reason}\n${logTail(dir, PROCESS)}`)
  for (const pc of pcs) await tellNode(machine, pc)
}

async function tellNode(machine: Machine, pc: Pc): Promise<void> {
  const folder = `/etc/containerd/certs.d/${REGISTRY}`
  const place = `http://${NETWORK.gateway}:${PORT}`
  const hosts = `server = "${place}"\n[host."${place}"]\n  capabilities = ["pull", "resolve"]\n`
  const write = `mkdir -p ${folder} && cat >${folder}/hosts.toml`
  await machine.must(['podman', 'exec', '-i', pc.name, 'sh', '-c', write], { input: hosts })
}

/**
 * Puts an OCI archive into the registry as `name:tag`, its digest unchanged.
 *
 * @returns the reference by digest that nodes pull: `registry…/name@sha256:…`
 */
export async function pushImage(
  machine: Machine,
  image: { readonly name: string; readonly archive: string; readonly digest: string },
  tag: string,
): Promise<string> {
  const file = join(machine.share, `${image.name}.tar`)
  copyFileSync(image.archive, file)
  try {
    await machine.must([
      ...['skopeo', 'copy', '--quiet', '--preserve-digests', '--dest-tls-verify=false'],
      ...[`oci-archive:/share/${image.name}.tar`, `docker://127.0.0.1:${PORT}/${image.name}:${tag}`],
    ])
  } finally {
    rmSync(file)
  }
  return `${REGISTRY}/${image.name}@${image.digest}`
}
