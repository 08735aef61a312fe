import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { MODULES } from '../run/places.ts'
import { go, type Pins, readPins, versionOf } from './go.ts'

/** Argo CD's module: its binary, its manifests and its definitions come out of it. */
export const ARGO_CD = 'github.com/argoproj/argo-cd/v3'

const Downloaded = z.object({ Dir: z.string(), Sum: z.string() })

/** The unpacked files of a pinned Go module, read-only: what it ships beside Go. `pins` names a folder of `modules/`. */
export const moduleFolder = (pins: string, module: string): Promise<string> =>
  folderOf(readPins(join(MODULES, pins)), module)

/** @throws when the module is not what go.sum says. */
export async function folderOf(pins: Pins, module: string): Promise<string> {
  const version = versionOf(pins, module)
  const { Dir, Sum } = Downloaded.parse(
    JSON.parse(await go(pins, ['mod', 'download', '-json', `${module}@${version}`])),
  )
  // `go mod download` adds a missing sum instead of refusing, so what is pinned is compared here.
  if (readFileSync(join(pins.folder, 'go.sum'), 'utf8').includes(`${module} ${version} ${Sum}\n`)) return Dir
  throw new Error(`${module} ${version} has the sum ${Sum}, which is not the one in ${pins.folder}/go.sum`)
}
