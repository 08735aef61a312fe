import { readFileSync } from 'node:fs'

const manifest: { readonly version: string } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
)

/** The version of all that is ours, images included. It stands in package.json alone; `npm run release` raises it. */
export const VERSION = manifest.version
