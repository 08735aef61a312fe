import { existsSync, globSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Machine } from '../machine/machine.ts'
import { waitForLock } from '../run/lock.ts'
import { cacheFolder } from '../run/places.ts'

/** The folder of images that all rooms of one state of the lab share, read-only for their PCs. */
export const storeOf = (key: string): string => join(dirname(cacheFolder()), 'room-images', key)

/** Loads an image into the store that all rooms share, once: a file of that name says that all of it is there. */
export async function loadImage(
  machine: Machine,
  store: string,
  name: string,
  write: (file: string) => Promise<void>,
  progress: (line: string) => void,
): Promise<void> {
  const whole = join(store, `${name}.whole`)
  const release = await waitForLock(`${store}.lock`, `loading the image of the ${name}`, progress)
  try {
    if (existsSync(whole)) return
    await write(join(machine.share, 'image.tar'))
    progress(`loading the image of the ${name}`)
    const podman = ['podman', '--root', '/images', '--runroot', '/run/images']
    await machine.must([...podman, 'load', '-i', '/share/image.tar'])
    rmSync(join(machine.share, 'image.tar'))
    writeFileSync(whole, '')
  } finally {
    release()
  }
}

/** Images of earlier states of the lab are a gigabyte each, and nobody asks for them again. */
export function forgetOtherImages(store: string): void {
  for (const old of globSync('*/', { cwd: dirname(store) }).filter((name) => name !== basename(store))) {
    rmSync(join(dirname(store), old), { recursive: true, force: true })
  }
}
