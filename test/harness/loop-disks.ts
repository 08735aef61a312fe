import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** The files that are disks on this machine now, by the paths that whoever made them so calls them. */
export const loopDisks = (): string[] =>
  readdirSync('/sys/block')
    .map((device) => `/sys/block/${device}/loop/backing_file`)
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8').trim())
