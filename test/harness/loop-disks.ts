import { existsSync, readdirSync, readFileSync } from 'node:fs'

/**
 * The disks of PCs of rooms that this machine has in use, by their images' names: of PCs whose names begin like that. The
 * kernel knows an image by its path as long as its PC is on, and by a shorter one when it was forgotten there.
 */
export const disksOf = (beginning: string): string[] =>
  readdirSync('/sys/block')
    .map((device) => `/sys/block/${device}/loop/backing_file`)
    .filter((file) => existsSync(file))
    .flatMap(
      (file) => /\/room\/([^/]+\.img)( \(deleted\))?$/.exec(readFileSync(file, 'utf8').trim())?.[1] ?? [],
    )
    .filter((image) => image.startsWith(beginning))
