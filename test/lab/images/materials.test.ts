import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { billOfMaterials } from '../../../lab/images/materials.ts'

const STATUS =
  'Package: slapd\nStatus: install ok installed\nVersion: 2.6.10+dfsg-1\n\nPackage: bash\nVersion: 5.2\n'

test('a bill names every Debian and npm package once, sorted, and the same for the same image', (t) => {
  const app = mkdtempSync(join(tmpdir(), 'materials-'))
  try {
    for (const place of ['zod', '@scope/tool', '@scope/tool/node_modules/zod', 'zod/lib']) {
      mkdirSync(join(app, 'node_modules', place), { recursive: true })
      const name = place.endsWith('zod') ? 'zod' : place
      writeFileSync(
        join(app, 'node_modules', place, 'package.json'),
        JSON.stringify({ name, version: '1.0.0' }),
      )
    }
    const bill = billOfMaterials('deskfleet', STATUS, app)
    const urls: string[] = JSON.parse(bill).components.map((one: { purl: string }) => one.purl)
    t.deepEqual(urls, [
      'pkg:deb/debian/bash@5.2',
      'pkg:deb/debian/slapd@2.6.10%2Bdfsg-1',
      `pkg:generic/node@${process.version.slice(1)}`,
      'pkg:npm/%40scope/tool@1.0.0',
      'pkg:npm/zod@1.0.0',
    ])
    t.is(billOfMaterials('deskfleet', STATUS, app), bill)
  } finally {
    rmSync(app, { recursive: true })
  }
})

test('an image without programs of ours has only Debian packages', (t) => {
  const { components } = JSON.parse(billOfMaterials('ldap', STATUS, '/nowhere'))
  t.is(components.length, 2)
})
