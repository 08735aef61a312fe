import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { IMAGES } from '../../config/images.ts'
import type { RunResult } from '../bare-lab.ts'
import type { BuiltImage } from '../images/context.ts'
import { layContext } from '../images/context.ts'
import { REGISTRY } from '../room/registry.ts'

/** Runs a program; each line that it says on stderr is progress. */
export function call(
  program: string,
  args: readonly string[],
  options: { readonly input?: string; readonly progress?: (line: string) => void } = {},
): Promise<RunResult> {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
      for (const line of text.split('\n')) if (line.trim() !== '') options.progress?.(line.trim())
    })
    child.once('error', fail)
    child.once('close', (code) => done({ code: code ?? 1, stdout, stderr }))
    child.stdin.once('error', () => {})
    child.stdin.end(options.input ?? '')
  })
}

/** Why there is no Docker to work with, or nothing when there is. */
export async function dockerFault(): Promise<string | undefined> {
  const answer = await call('docker', ['version', '--format', '{{.Server.Version}}']).catch(() => undefined)
  if (answer === undefined) return 'docker is not installed'
  return answer.code === 0 ? undefined : `docker does not answer: ${answer.stderr.trim()}`
}

/** Builds an image of ours by its Containerfile, from the published Debian, under the tag that `dist/` names. */
export async function dockerBuild(
  name: BuiltImage,
  folder: string,
  progress: (line: string) => void,
): Promise<string> {
  const context = join(folder, name)
  await layContext(name, context, progress)
  const reference = `${REGISTRY}/${name}:${IMAGES[name].tag}`
  const built = await call('docker', [
    ...['build', '--quiet', '--file', join(context, 'Containerfile'), '--tag', reference, context],
  ])
  if (built.code !== 0) throw new Error(`docker could not build ${name}: ${built.stderr.trim()}`)
  return reference
}
