import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { crdFolder, DELIVERY_NAMESPACES } from '../bare/crds.ts'
import { locate } from '../binaries/locate.ts'
import type { RunOptions } from '../kubectl/kubectl.ts'
import { applyFolder } from '../manifests/apply.ts'
import { renderWith } from '../manifests/render.ts'
import { type CallResult, call } from '../programs/call.ts'
import { kindConfig, refuseWish } from '../room/plan.ts'
import { makeSharedDirectory, STORAGE_DIRECTORY } from '../room/volumes.ts'
import { dockerBuild, dockerFault, publishedDebian } from './docker.ts'

/**
 * `npm run kind`: the room where Docker and registries are at hand, by kind's own published node image and network,
 * which enforces network policies. It is an ordinary kind cluster, and stays until `npm run kind -- down`.
 */
const NAME = 'deskfleet'
const say = (line: string): void => console.error(line)

/** What outlives the command: the directory that all PCs share, and the kubeconfig. */
const folder = join(process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'deskfleet', 'kind')
const kubeconfig = join(folder, 'kubeconfig')

const program = new Command('kind').description(
  "A room on Docker, with kind's published node image: for machines that have both. Its PCs have no disks for Gluster. " +
    'Elsewhere: npm run lab -- room up',
)

program
  .command('up', { isDefault: true })
  .description('make the cluster, build our images, and apply the platform')
  .option('--masters <count>', '1, 3 or 5', Number, 1)
  .option('--workers <count>', 'PCs beside the masters', Number, 2)
  .action(async (wish: { masters: number; workers: number }) => {
    const refusal = refuseWish(wish) ?? (await dockerFault())
    if (refusal) throw new Error(`${refusal}; a room without Docker: npm run lab -- room up`)
    const { kind, kubectl } = await programs()
    if ((await call(kind, ['get', 'clusters'])).stdout.split('\n').includes(NAME))
      say(`the cluster runs already`)
    else await create(kind, wish)
    await load(kind)
    await applyPlatform(kubectl)
    console.log(`export KUBECONFIG=${kubeconfig}`)
  })

program
  .command('down')
  .description('delete the cluster and what it left')
  .action(async () => {
    const { kind } = await programs()
    await must(kind, ['delete', 'cluster', '--name', NAME])
    rmSync(folder, { recursive: true, force: true })
  })

async function programs(): Promise<{ kind: string; kubectl: string }> {
  const found = await locate(['kind', 'control-plane'], {
    assets: process.env.KUBEBUILDER_ASSETS,
    progress: say,
  })
  return { kind: found.get('kind') ?? 'kind', kubectl: found.get('kubectl') ?? 'kubectl' }
}

async function create(kind: string, wish: { masters: number; workers: number }): Promise<void> {
  makeSharedDirectory(folder)
  const config = kindConfig(NAME, wish, join(folder, 'srv'))
  const args = ['create', 'cluster', '--config=-', '--kubeconfig', kubeconfig, '--wait=180s']
  await must(kind, args, { input: config, onLine: say })
}

async function load(kind: string): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'deskfleet-kind-'))
  try {
    const base = await publishedDebian()
    for (const name of ['deskfleet', 'ldap', 'desktop', 'desktop-light'] as const) {
      say(`building ${name}`)
      mkdirSync(join(work, name))
      await must(kind, ['load', 'docker-image', '--name', NAME, await dockerBuild(name, work, base, say)])
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

async function applyPlatform(kubectl: string): Promise<void> {
  const run = (args: readonly string[], options: RunOptions = {}): Promise<CallResult> =>
    call(kubectl, [`--kubeconfig=${kubeconfig}`, ...args], options)
  const namespaces = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: DELIVERY_NAMESPACES })
  const definitions = ['--filename', await crdFolder(undefined, say), '--filename=-']
  const taken = await run(['apply', '--server-side', ...definitions], { input: namespaces })
  if (taken.code !== 0) throw new Error(`the definitions of Argo CD and Flux were refused: ${taken.stderr}`)
  const dist = join(folder, 'dist')
  renderWith(JSON.stringify({ storage: { kind: 'path', path: STORAGE_DIRECTORY } }), dist)
  const problems = await applyFolder({ run }, dist, { progress: say })
  if (problems.length > 0) throw new Error(`the API server complained:\n${problems.join('\n')}`)
}

async function must(...args: Parameters<typeof call>): Promise<string> {
  const { code, stdout, stderr } = await call(...args)
  if (code !== 0) throw new Error(`${args[0]} ${args[1].slice(0, 3).join(' ')} failed: ${stderr.trim()}`)
  return stdout
}

try {
  await program.parseAsync()
} catch (error) {
  console.error(`kind: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}
