import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  createReadStream,
  existsSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { architecture } from '../binaries/releases.ts'

const run = promisify(execFile)

/** A container image of one layer, as `podman load`, `docker load` and `ctr images import` take it. */
export interface ImageWish {
  /** `repository:tag` that it carries. */
  readonly reference: string
  /** An uncompressed tar of its whole file system. */
  readonly layer: string
  readonly entrypoint: readonly string[]
  readonly env?: readonly string[]
  readonly user?: string
  readonly stopSignal?: string
}

/** A tar of a folder whose bytes depend on its files alone: sorted, without owners' names and times. */
export async function layerOf(folder: string, tar: string): Promise<void> {
  const fixed = ['--sort=name', '--mtime=@1767225600', '--numeric-owner', '--format=gnu']
  await run('tar', [...fixed, '--one-file-system', '-cf', tar, '-C', folder, '.'])
}

/** Writes the image as a docker-archive at `file`; reads the layer once, for its digest. */
export async function writeImage(wish: ImageWish, file: string): Promise<void> {
  const work = `${file}.making-${process.pid}`
  mkdirSync(work, { recursive: true })
  try {
    const config = JSON.stringify({
      architecture: architecture(),
      os: 'linux',
      config: {
        Entrypoint: wish.entrypoint,
        Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...(wish.env ?? [])],
        WorkingDir: '/',
        ...(wish.user ? { User: wish.user } : {}),
        ...(wish.stopSignal ? { StopSignal: wish.stopSignal } : {}),
      },
      rootfs: { type: 'layers', diff_ids: [`sha256:${await digestOf(wish.layer)}`] },
      history: [{ created_by: 'deskfleet lab' }],
    })
    const configName = `${createHash('sha256').update(config).digest('hex')}.json`
    writeFileSync(join(work, configName), config)
    const manifest = [{ Config: configName, RepoTags: [wish.reference], Layers: ['layer.tar'] }]
    writeFileSync(join(work, 'manifest.json'), JSON.stringify(manifest))
    linkOrCopy(wish.layer, join(work, 'layer.tar'))
    await layerOf(work, `${work}.tar`)
    renameSync(`${work}.tar`, file)
  } finally {
    rmSync(work, { recursive: true, force: true })
    if (existsSync(`${work}.tar`)) rmSync(`${work}.tar`)
  }
}

/** A layer is hundreds of megabytes: it is only copied when it lies on another disk. */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch {
    copyFileSync(from, to)
  }
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}
