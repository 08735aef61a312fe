import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { picture, withPicture } from './draw.ts'
import { importsOf } from './imports.ts'
import { placesOf } from './page.ts'

/** `npm run picture`: draws the picture of docs/architecture.md anew, from its tables and the imports of the sources. */
const root = join(import.meta.dirname, '../..')
const path = join(root, 'docs/architecture.md')
const page = readFileSync(path, 'utf8')
writeFileSync(path, withPicture(page, picture(placesOf(page), importsOf(root))))
