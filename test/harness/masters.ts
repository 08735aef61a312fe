import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { copyFileSync, createWriteStream, existsSync, linkSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { locate } from '../../lab/binaries/locate.ts'

/**
 * Control planes as kubeadm makes them, without containers: each PC is a folder with an address of its own in a network
 * of ours, and what its manifests name is run in it. For what happens to a PC's files, and for what then answers.
 */

export interface PcFolder {
  readonly name: string
  readonly address: string
  /** What is `/` on it. */
  readonly root: string
  path(path: string): string
  /** Runs kubeadm on it; it reads and writes nothing elsewhere. @throws with what it said */
  kubeadm(...args: string[]): void
  /** Starts what a manifest names, as its kubelet would; arguments that are given again replace the manifest's. */
  start(manifest: string, ...extra: string[]): void
  /** All that it runs ends at once, as when its power is cut. */
  cut(): Promise<void>
}

export interface Network {
  pc(name: string, address: string): PcFolder
  programs: ReadonlyMap<string, string>
}

/** To be called in a network namespace of its own: see `inNamespace`. */
export async function network(folder: string, addresses: readonly string[]): Promise<Network> {
  execFileSync('ip', ['link', 'set', 'lo', 'up'])
  for (const address of addresses) execFileSync('ip', ['address', 'add', `${address}/32`, 'dev', 'lo'])
  const programs = await locate(['etcd', 'etcd-tools', 'control-plane', 'node'])
  return { programs, pc: (name, address) => pcIn(folder, name, address, programs) }
}

function pcIn(
  folder: string,
  name: string,
  address: string,
  programs: ReadonlyMap<string, string>,
): PcFolder {
  const root = join(folder, name)
  const path = (inside: string): string => join(root, inside)
  for (const one of ['bin', 'etc/kubernetes/manifests', 'var/lib', 'tmp', 'run'])
    mkdirSync(path(one), { recursive: true })
  const running: ChildProcess[] = []
  return {
    name,
    address,
    root,
    path,
    kubeadm(...args) {
      execFileSync(programs.get('kubeadm') ?? '', [...args, `--rootfs=${root}`], { stdio: 'pipe' })
    },
    start(manifest, ...extra) {
      const pod = parse(readFileSync(path(`etc/kubernetes/manifests/${manifest}.yaml`), 'utf8'))
      const [program = '', ...args]: string[] = pod.spec.containers[0].command
      const replaced = new Set(extra.map((arg) => arg.split('=')[0]))
      const told = [...args.filter((arg) => !replaced.has(arg.split('=')[0])), ...extra]
      lay(programs.get(program) ?? '', path(`bin/${program}`))
      const child = spawn('chroot', [root, `/bin/${program}`, ...told], { stdio: ['ignore', 'pipe', 'pipe'] })
      const log = createWriteStream(path(`${manifest}.log`), { flags: 'a' })
      child.stdout.pipe(log)
      child.stderr.pipe(log)
      running.push(child)
    },
    async cut() {
      await Promise.all(
        running.splice(0).map(async (child) => {
          const gone = child.exitCode === null ? new Promise((done) => child.once('exit', done)) : undefined
          child.kill('SIGKILL')
          await gone
        }),
      )
    },
  }
}

/** As one more name of the same file, where it lies on the same disk. */
function lay(program: string, to: string): void {
  if (existsSync(to)) return
  try {
    linkSync(program, to)
  } catch {
    copyFileSync(program, to)
  }
}
