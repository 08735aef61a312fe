import { join } from 'node:path'
import { IMAGES } from '../../config/images.ts'
import type { BuiltImage } from '../images/context.ts'
import { layContext } from '../images/context.ts'
import { call } from '../programs/call.ts'
import { REGISTRY } from '../room/registry.ts'

/** Why there is no Docker to work with, or nothing when there is. */
export async function dockerFault(): Promise<string | undefined> {
  const answer = await call('docker', ['version', '--format', '{{.Server.Version}}']).catch(() => undefined)
  if (answer === undefined) return 'docker is not installed'
  return answer.code === 0 ? undefined : `docker does not answer: ${answer.stderr.trim()}`
}

const DEBIAN = 'docker.io/library/debian:trixie-slim'

/** The published Debian as it is now, by digest: all images of one run stand on the same. */
export async function publishedDebian(): Promise<string> {
  const must = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await call('docker', args)
    if (code !== 0) throw new Error(`docker has no ${DEBIAN}: ${stderr.trim()}`)
    return stdout.trim()
  }
  await must('pull', '--quiet', DEBIAN)
  return must('image', 'inspect', '--format', '{{index .RepoDigests 0}}', DEBIAN)
}

/** Builds an image of ours by its Containerfile, on a base by digest, under the tag that `dist/` names. */
export async function dockerBuild(
  name: BuiltImage,
  folder: string,
  base: string,
  progress: (line: string) => void,
): Promise<string> {
  const context = join(folder, name)
  await layContext(name, context, progress)
  const reference = `${REGISTRY}/${name}:${IMAGES[name].tag}`
  const built = await call('docker', [
    ...['build', '--quiet', '--build-arg', `BASE=${base}`],
    ...['--file', join(context, 'Containerfile'), '--tag', reference, context],
  ])
  if (built.code !== 0) throw new Error(`docker could not build ${name}: ${built.stderr.trim()}`)
  return reference
}
