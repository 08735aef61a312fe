import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { IMAGES } from '../../config/images.ts'
import { VERSION } from '../../config/version.ts'
import { unreleased } from '../../release/changelog.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

test('the version stands in package.json, and the lock file agrees', (t) => {
  const lock = JSON.parse(read('package-lock.json'))
  t.deepEqual([lock.version, lock.packages[''].version], [VERSION, VERSION])
})

test('pages name each image by the tag that it has', (t) => {
  const tags = new Map<string, string>(Object.entries(IMAGES).map(([name, { tag }]) => [name, tag]))
  const mentions = globSync('{README.md,docs/**/*.md}', { cwd: root }).flatMap((path) =>
    [...read(path).matchAll(/REGISTRY\/([a-z-]+):([\d.]*\d)/g)].map(([, name = '', tag]) => ({
      path,
      name,
      tag,
    })),
  )
  t.true(mentions.length >= 3)
  t.deepEqual(
    mentions.filter(({ name, tag }) => tags.get(name) !== tag),
    [],
  )
})

test('no source spells out a version of ours', (t) => {
  const sources = globSync('{*,*/**/*}.ts', { cwd: root, exclude: ['node_modules/**'] })
  t.true(sources.length > 200)
  const tag = new RegExp(`[:'"\`]${VERSION.replaceAll('.', '\\.')}['"\`]`)
  t.deepEqual(
    sources.filter((path) => !path.startsWith('test/release/') && tag.test(read(path))),
    [],
  )
})

test('the changelog has a section for what is not released, or the version has one of its own', (t) => {
  const changelog = read('CHANGELOG.md')
  t.true(changelog.includes('## [Unreleased]\n'))
  t.true(unreleased(changelog) !== '' || changelog.includes(`## [${VERSION}] - `))
})
