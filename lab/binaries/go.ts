import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { call } from '../programs/call.ts'

/** What the pinned go.mod of a folder says: the only place where the lab's versions are written. */
export interface Pins {
  readonly folder: string
  /** Least Go, as the `go` line has it. */
  readonly go: string
  /** Module path to version, direct and indirect. */
  readonly versions: ReadonlyMap<string, string>
  /** Package paths of the `tool` lines, by the name that `go install` gives the command. */
  readonly tools: ReadonlyMap<string, string>
  /** Hash of go.mod, go.sum and what Go source is beside them: what is built from them is known by it. */
  readonly digest: string
}

export function readPins(folder: string): Pins {
  const text = readFileSync(join(folder, 'go.mod'), 'utf8')
  const sums = readFileSync(join(folder, 'go.sum'), 'utf8')
  const tools = block(text, 'tool').map((path) => [commandName(path), path] as const)
  const versions = block(text, 'require').map((line) => line.split(' '))
  return {
    folder,
    go: /^go (\S+)$/m.exec(text)?.[1] ?? '',
    versions: new Map(versions.map(([path = '', version = '']) => [path, version])),
    tools: new Map(tools),
    digest: digestOf([text, sums, ...sourcesOf(folder)]),
  }
}

const sourcesOf = (folder: string): string[] =>
  globSync('**/*.go', { cwd: folder })
    .sort()
    .map((path) => readFileSync(join(folder, path), 'utf8'))

function digestOf(texts: readonly string[]): string {
  const hash = createHash('sha256')
  for (const [index, one] of texts.entries()) hash.update(index === 0 ? one : `\0${one}`)
  return hash.digest('hex')
}

export function versionOf(pins: Pins, module: string): string {
  const version = pins.versions.get(module)
  if (!version) throw new Error(`${join(pins.folder, 'go.mod')} requires no ${module}`)
  return version
}

/**
 * Runs `go` in a folder of pins and resolves with its output. `onTick` is called every 2 s while it works, with the
 * number of lines it wrote to stderr so far: with `-v`, the packages that it compiled.
 */
export async function go(
  pins: Pins,
  args: readonly string[],
  env: Record<string, string> = {},
  onTick: (lines: number) => void = () => {},
): Promise<string> {
  let lines = 0
  const tick = setInterval(() => onTick(lines), 2_000)
  // Workspaces and flags of whoever calls must not change what is built; a newer Go is fetched where one is needed.
  const own = { GOTOOLCHAIN: 'auto', GOWORK: 'off', GOFLAGS: '-mod=readonly', ...env }
  const onLine = (): void => {
    lines++
  }
  try {
    const options = { cwd: pins.folder, env: { ...process.env, ...own }, onLine }
    const { code, stdout, stderr } = await call('go', args, options).catch(() => {
      throw new Error(`Go is not installed. ${MEND}`)
    })
    if (code === 0) return stdout
    throw new Error(explain(pins, args, stderr))
  } finally {
    clearInterval(tick)
  }
}

const MEND =
  'Install Go 1.24 or newer (Debian: apt-get install golang-go; else https://go.dev/dl), ' +
  'or set KUBEBUILDER_ASSETS to a folder with the binaries'

function explain(pins: Pins, args: readonly string[], stderr: string): string {
  const tooOld = /requires go >= |unknown directive: tool|invalid go version|toolchain not available/.test(
    stderr,
  )
  if (tooOld) return `this Go is too old for ${pins.folder} (needs ${pins.go}). ${MEND}\n${stderr.trim()}`
  // With -v, the packages that went well stand between the complaints.
  const complaints = stderr
    .trim()
    .split('\n')
    .filter((line) => !/^[\w./-]+$/.test(line))
  return `\`go ${args[0]}\` failed in ${pins.folder}:\n${complaints.slice(-15).join('\n')}`
}

/** The lines of a go.mod directive, in its one-line and its bracketed form, without comments. */
function block(text: string, directive: string): string[] {
  const bracketed = [...text.matchAll(new RegExp(`^${directive} \\(\\n([^)]*)\\)`, 'gm'))].flatMap((match) =>
    (match[1] ?? '').split('\n'),
  )
  const single = [...text.matchAll(new RegExp(`^${directive} ([^(\\n]+)$`, 'gm'))].map(
    (match) => match[1] ?? '',
  )
  return [...bracketed, ...single]
    .map((line) => line.replace(/\/\/.*/, '').trim())
    .filter((line) => line !== '')
}

/** Go names a command after the last element of its path that is not a major version. */
function commandName(path: string): string {
  return path.split('/').findLast((element) => !/^v\d+$/.test(element)) ?? path
}

export const isThere = (folder: string, names: readonly string[]): string[] =>
  names.filter((name) => existsSync(join(folder, name)))
