import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { placeOf as placeIn, placesOf } from '../../docs/picture/page.ts'

/** The layout as docs/architecture.md has it, and what its tables do not say. */

const page = readFileSync(join(import.meta.dirname, '../../docs/architecture.md'), 'utf8')
const places = placesOf(page)

/** The name of the place that a path is in; empty where it is in none. */
export const placeOf = (path: string): string => placeIn(path, places)?.name ?? ''

/** What stands around the product: production code imports none of it. */
const AROUND = ['lab/', 'test/', 'bench/', 'docs/', 'audit/']

export const isProduction = (path: string): boolean => !AROUND.includes(placeOf(path)) && !isSetting(path)

/** Settings of tools, at the top, that are code. */
const isSetting = (path: string): boolean => /^[^/]+\.config\.[jt]s$/.test(path)

/** Folders that run as programs. They never import each other. */
export const SERVICES = [
  'webhook',
  'directory/sync',
  'directory/replica',
  'directory/disks',
  'directory/copies',
  'certificates/secrets',
  'certificates/keeper',
  'gateway',
  'orchestrator',
  'storage/homes',
  'storage/mounter',
  'storage/move',
  'bridge',
  'packet-filter',
]

/** Whether a path is that folder or in it. */
export const isIn = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(`${folder}/`)
