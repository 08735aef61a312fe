import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { makeBundle } from '../../lab/bundle/bundle.ts'
import type { CallResult } from '../../lab/programs/call.ts'
import { REGISTRY } from '../../lab/room/registry.ts'
import type { Room } from '../../lab/room/room.ts'
import { STICK, STICK_ON_PC } from '../../lab/room/system.ts'
import { cacheFolder } from '../../lab/run/places.ts'
import { deskfleet } from '../delivery/person.ts'
import { pcBecomes } from '../harness/room.ts'
import { temporaryFolder } from '../harness/temporary-folder.ts'
import { sparePcs, volumeIsWhole } from '../storage/room-volume.ts'

/**
 * A PC of the room that loses the disk of its system, and what an administrator has for it: a stick with the bundle, and an answer
 * file. No code of the lab installs anything on it.
 *
 * What a PC in a PC cannot do: it loads no modules of the kernel (`modprobe` does nothing there), has no swap (`/proc/swaps` is
 * empty), keeps nothing from the kernel when memory is short (a file in /etc/containerd/conf.d), and is not all that kubeadm
 * wants of a kernel (`ignore-preflight`). Its clock is set by nobody: chrony leaves it alone in containers. Its brick is a disk of
 * the lab, so it joins with `--no-brick`; real disks are in `disk.lab.test.ts`.
 */

const INSTALL = `${STICK_ON_PC}/repository/installer/install.sh`
const ANSWERS = '/root/answers.yaml'
/** What kubeadm finds wrong with a PC in a PC. */
const IGNORED = 'SystemVerification'

/** How it joins, but for `--apply`. */
export const JOIN = ['join', '--no-brick', '--answers', ANSWERS] as const

export interface PcOfRoom {
  readonly name: string
  run(script: string, input?: string): Promise<CallResult>
  /** What that shell line says. @throws when it fails */
  said(script: string, input?: string): Promise<string>
  /** Runs install.sh from the stick with these words. */
  install(...words: readonly string[]): Promise<CallResult>
  /** As docs/install.md has it: written where kubectl works, and brought to the PC. Resolves with its token. */
  bringAnswers(): Promise<string>
  /** Gives it the system of the other PCs again, and waits until all is as it was. */
  restore(): Promise<void>
}

/** A worker whose brick no home is on: what Gluster knows on a PC lies on the disk of its system. */
export async function spareOfRoom(room: Room): Promise<PcOfRoom> {
  await volumeIsWhole(room)
  const spares = await sparePcs(room)
  const workers = room.pcs.filter(({ role }) => role === 'worker').map((pc) => pc.name)
  const name = workers.findLast((pc) => spares.includes(pc))
  if (name === undefined) throw new Error(`no worker is a spare of the volume, which are: ${spares}`)
  const run: PcOfRoom['run'] = (script, input = '') =>
    room.machine.exec(['podman', 'exec', '-i', name, 'sh', '-euc', script], { input })
  const said: PcOfRoom['said'] = async (script, input) => {
    const { code, stdout, stderr } = await run(script, input)
    if (code !== 0) throw new Error(`${script}: ${stderr}`)
    return stdout.trim()
  }
  return {
    name,
    run,
    said,
    install: (...words) => room.machine.exec(['podman', 'exec', name, 'sh', INSTALL, ...words]),
    async bringAnswers() {
      const folder = temporaryFolder()
      const file = join(folder, `${name}.yaml`)
      const registry = await registryOptions(room, workers.find((pc) => pc !== name) ?? '', folder)
      await deskfleet(room, 'node-config', file, '--name', name, ...registry)
      const text = readFileSync(file, 'utf8')
      await said(`umask 077; cat >${ANSWERS}`, `${text}ignore-preflight: ${IGNORED}\n`)
      return /^token: (\S+)$/m.exec(text)?.[1] ?? ''
    },
    async restore() {
      await room.pc.renew(name)
      await pcBecomes(room, name, 'True')
      await volumeIsWhole(room)
    },
  }
}

/** The registry's authority and the login of the PCs, which stand on every other one. */
async function registryOptions(room: Room, other: string, folder: string): Promise<string[]> {
  const read = (name: string): Promise<string> =>
    room.machine.must(['podman', 'exec', other, 'cat', `/etc/containerd/certs.d/${REGISTRY}/${name}`])
  const [, basic = ''] = /Basic ([^"]+)"/.exec(await read('hosts.toml')) ?? []
  writeFileSync(join(folder, 'ca.crt'), await read('ca.crt'))
  writeFileSync(join(folder, 'pull.login'), `${Buffer.from(basic, 'base64')}\n`)
  return ['--registry-ca', join(folder, 'ca.crt'), '--registry-login', join(folder, 'pull.login')]
}

/** A bundle as `npm run bundle` makes it, on the stick of that room; packages are fetched once and kept in the cache. */
export async function fillStick(room: Room, progress: (line: string) => void): Promise<void> {
  const path = join(dirname(cacheFolder()), 'bundle')
  await makeBundle({ path, releases: [12], keepPackages: true, ours: [] }, progress)
  const stick = join(room.machine.share, STICK)
  execFileSync('rm', ['-rf', '--one-file-system', stick])
  // Names of the same files, where both lie on one disk.
  try {
    execFileSync('cp', ['-al', path, stick], { stdio: 'pipe' })
  } catch {
    execFileSync('cp', ['-a', '-T', path, stick])
  }
}
