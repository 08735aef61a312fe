import { rename } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { go, isThere, type Pins } from './go.ts'

/** What `go install` makes out of a folder of pins. */
export interface Buildable {
  readonly binaries: readonly string[]
  /** Name that `go install` gives a command, where it is not the binary's own. */
  readonly builtAs?: Record<string, string>
  /** Go build tags: parts that the lab leaves out since they want C libraries. */
  readonly tags?: readonly string[]
}

/** Flags of `go install`: without paths of this machine, debug tables, and with the version that clients ask for. */
export function buildFlags(pins: Pins, tags: readonly string[] = []): string[] {
  const tagged = tags.length === 0 ? [] : [`-tags=${tags.join(',')}`]
  const version = pins.versions.get('k8s.io/kubernetes')
  // A library that happens to require Kubernetes is no Kubernetes: only its own commands carry its version.
  if (!version || ![...pins.tools.values()].some((path) => path.startsWith('k8s.io/kubernetes/')))
    return ['-trimpath', ...tagged, '-ldflags', '-s -w']
  const [major = '', minor = ''] = version.slice(1).split('.')
  const stamps = { gitVersion: version, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' }
  const ldflags = Object.entries(stamps).map(
    ([key, value]) => `-X k8s.io/component-base/version.${key}=${value}`,
  )
  return ['-trimpath', ...tagged, '-ldflags', ['-s', '-w', ...ldflags].join(' ')]
}

/** Without C: a binary then runs on whatever Debian it is laid into. */
export const CGO_OFF = { CGO_ENABLED: '0' }

/** What `go install` calls the binaries of a set. */
const commandsOf = (set: Buildable): string[] => set.binaries.map((binary) => set.builtAs?.[binary] ?? binary)

/** The packages that they are compiled from. */
export const packagesOf = (set: Buildable, pins: Pins): string[] =>
  commandsOf(set).map((command) => {
    const path = pins.tools.get(command)
    if (!path) throw new Error(`${join(pins.folder, 'go.mod')} has no tool line for ${command}`)
    return path
  })

/**
 * How rarely the compiler looks for garbage in its own memory: it is a short-lived program, and where memory is plenty a
 * third of its work is saved.
 *
 * @param bytes memory of the machine
 */
export const collection = (bytes: number): Record<string, string> =>
  bytes >= 8 * 2 ** 30 ? { GOGC: '400' } : {}

/** Builds those binaries of a set into `folder`; whoever waits is told every few seconds what is there. */
export async function build(
  name: string,
  set: Buildable,
  pins: Pins,
  folder: string,
  progress: (line: string) => void,
): Promise<void> {
  const built = commandsOf(set)
  const began = Date.now()
  let reported = { there: -1, at: 0 }
  const report = (compiled: number): void => {
    const there = isThere(folder, built)
    const seconds = Math.round((Date.now() - began) / 1000)
    if (there.length === reported.there && seconds - reported.at < 10) return
    reported = { there: there.length, at: seconds }
    const binaries = there.length === 0 ? '' : `; done: ${there.join(', ')}`
    progress(`building ${name}: ${compiled} packages compiled, ${seconds} s${binaries}`)
  }
  progress(`building ${built.join(', ')} from the modules pinned in ${pins.folder} (minutes, the first time)`)
  const args = ['install', '-v', ...buildFlags(pins, set.tags), ...packagesOf(set, pins)]
  // Its own temporary files beside them: a build that is killed leaves none elsewhere.
  const env = { ...CGO_OFF, ...collection(totalmem()), GOBIN: folder, GOTMPDIR: folder }
  await go(pins, args, env, report)
  for (const [binary, command] of Object.entries(set.builtAs ?? {})) {
    await rename(join(folder, command), join(folder, binary))
  }
  progress(`built ${name} in ${Math.round((Date.now() - began) / 1000)} s`)
}
