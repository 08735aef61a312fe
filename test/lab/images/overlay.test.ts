import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { IMAGES } from '../../../config/images.ts'
import { writeImagesOverlay } from '../../../lab/images/overlay.ts'
import { renderWith } from '../../../lab/manifests/render.ts'

const reference = (name: string, digit: string) => `registry.test:5000/${name}@sha256:${digit.repeat(64)}`

const folder = (t: { teardown: (undo: () => void) => void }): string => {
  const path = mkdtempSync(join(tmpdir(), 'deskfleet-overlay-'))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  return path
}

test('with it, dist/ names every image by the digest that was built', (t) => {
  const at = folder(t)
  const file = join(at, 'images.yaml')
  const all = Object.keys(IMAGES)
  writeImagesOverlay(file, Object.fromEntries(all.map((name) => [name, reference(name, '1')])))
  renderWith(readFileSync(file, 'utf8'), join(at, 'dist'))
  const texts = globSync('**/*.yaml', { cwd: join(at, 'dist') }).map((path) =>
    readFileSync(join(at, 'dist', path), 'utf8'),
  )
  const named = texts.flatMap((text) => [...text.matchAll(/\bimage: "?([^\s"]+)/g)].map(([, image]) => image))
  t.true(named.length > 5)
  t.deepEqual(
    named.filter((image) => !all.some((name) => image === reference(name, '1'))),
    [],
  )
})

test('one image that is built anew leaves the others as they were', (t) => {
  const file = join(folder(t), 'images.yaml')
  writeImagesOverlay(file, { ldap: reference('ldap', '1'), door: reference('door', '1') })
  writeImagesOverlay(file, { ldap: reference('ldap', '2') })
  t.is(
    readFileSync(file, 'utf8'),
    `images:\n  door: ${reference('door', '1')}\n  ldap: ${reference('ldap', '2')}\n`,
  )
})
