import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CROWN } from '../../../config/names.ts'
import { locate } from '../../../lab/binaries/locate.ts'
import { unpackedDebian } from '../../../lab/debian/root.ts'
import { type CallResult, call } from '../../../lab/programs/call.ts'
import { layHostFiles } from '../../../lab/room/host-files.ts'
import { NODE_DEBIAN } from '../../../lab/room/node-image.ts'
import { firstProcessOf, OWN_NAMESPACES } from '../../harness/own-namespaces.ts'

/** A PC on which `deskfleet-crown` runs as on a real one; systemd and the kubelet alone are missing. */
export interface TestPc {
  /** Runs the host's program; `plan` are the files of its plan. */
  crown(words: readonly string[], plan?: Readonly<Record<string, string>>): Promise<Told>
  run(script: string, input?: string): Promise<CallResult>
  write(path: string, text: string): void
  read(path: string): string
  has(path: string): boolean
  /** Everything on it ends at once; its disk stays. */
  powerOff(): Promise<void>
  powerOn(): Promise<void>
  /** Ends it and removes its disk. */
  scrap(): Promise<void>
}

export interface Told {
  readonly code: number
  readonly outcome: string
  readonly reason: string
  readonly line: string
  readonly stderr: string
}

/** @param folder where it may write; empty */
export async function startPc(folder: string): Promise<TestPc> {
  const lower = await unpackedDebian(NODE_DEBIAN)
  const upper = join(folder, 'upper')
  const binaries = await locate(['node', 'containerd'])
  for (const name of ['kubeadm', 'containerd', 'containerd-shim-runc-v2', 'ctr']) {
    const to = join(upper, 'usr/local/bin', name)
    mkdirSync(dirname(to), { recursive: true })
    cpSync(binaries.get(name) ?? name, to)
    chmodSync(to, 0o755)
  }
  layHostFiles(upper)
  let holder: ChildProcess
  let first = 0
  const powerOn = async (): Promise<void> => {
    const script = join(import.meta.dirname, 'pc.sh')
    holder = spawn('unshare', [...OWN_NAMESPACES, 'sh', script, folder, lower], { stdio: 'ignore' })
    first = await firstProcessOf(holder, 60)
  }
  const powerOff = (): Promise<void> =>
    new Promise((done) => {
      if (holder.exitCode !== null || holder.signalCode !== null) return done()
      holder.once('exit', () => done())
      process.kill(first, 'SIGKILL')
    })
  const inside = (args: readonly string[], input = ''): Promise<CallResult> =>
    call('nsenter', ['--target', String(first), '--mount', '--pid', '--ipc', '--uts', '--', ...args], {
      input,
    })
  const run: TestPc['run'] = (script, input) => inside(['sh', '-c', script], input)
  const at = (path: string): string => `/proc/${first}/root${path}`
  await powerOn()
  return {
    run,
    async crown(words, plan) {
      const files = Object.entries(plan ?? {}).map(
        ([name, text]) => `${name} ${Buffer.from(text).toString('base64')}\n`,
      )
      const tar =
        'mkdir /run/given; while read -r name text; do echo "$text" | base64 -d >/run/given/"$name"; done; cd /run/given; tar -cf - *; rm -rf /run/given'
      const call = `${CROWN.onPc} ${words.join(' ')}`
      const { code, stdout, stderr } = await run(
        plan ? `(${tar}) | ${call}` : `${call} </dev/null`,
        files.join(''),
      )
      const line = stdout.trim()
      const { outcome = '', reason = '' } = line.startsWith('{') ? JSON.parse(line) : {}
      return { code, outcome, reason, line, stderr }
    },
    write(path, text) {
      mkdirSync(dirname(at(path)), { recursive: true })
      writeFileSync(at(path), text)
    },
    read: (path) => readFileSync(at(path), 'utf8'),
    has: (path) => existsSync(at(path)),
    powerOff,
    powerOn,
    async scrap() {
      await powerOff()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
