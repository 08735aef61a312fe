import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import test from 'ava'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const pages = globSync('{*.md,docs/**/*.md,bench/*.md}', { cwd: root }).sort()

/** Code in a page is no link. */
const prose = (text: string) => text.replace(/```[\s\S]*?```|`[^`\n]*`/g, '')
const links = (path: string) =>
  [...prose(read(path)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target.split('#')[0] ?? '')

test('every link of every page leads to a file that is there', (t) => {
  t.true(pages.length > 20)
  const dead = pages.flatMap((path) =>
    links(path)
      .filter((target) => target !== '' && !/^https?:/.test(target))
      .filter((target) => !existsSync(join(root, dirname(path), target)))
      .map((target) => `${path}: ${target}`),
  )
  t.deepEqual(dead, [])
})

test('docs/README.md names every page, and docs/decisions/README.md every decision', (t) => {
  for (const index of ['docs/README.md', 'docs/decisions/README.md']) {
    const named = new Set(links(index).map((target) => join(dirname(index), target)))
    const there = globSync(`${dirname(index)}/*.md`, { cwd: root }).filter((path) => path !== index)
    t.deepEqual(
      there.filter((path) => !named.has(path)),
      [],
    )
  }
})

/** A path from the root, or a file or folder of that name in some folder, as `decide.ts` and `harness/`. */
const isThere = (name: string) =>
  [name, `{*,*/*}/${name}`].some(
    (pattern) => globSync(pattern.replace(/\/$/, ''), { cwd: root, exclude: ['node_modules'] })[0],
  )

const isPath = (text: string) =>
  /^\.?[\w-]+(\/[\w.*-]+)*\/?$/.test(text) &&
  (text.includes('/') || /\.(ts|yaml|md)$/.test(text)) &&
  !text.includes('NAME')

test('files and commands that pages for contributors name are there', (t) => {
  const scripts = Object.keys(JSON.parse(read('package.json')).scripts)
  const names = ['CONTRIBUTING.md', 'docs/architecture.md', 'README.md', 'SECURITY.md'].flatMap((path) =>
    [...read(path).matchAll(/`([^`\n]+)`/g)].map(([, text = '']) => ({ path, text })),
  )
  const missing = names.filter(({ text }) => {
    const [, script] = /^npm run (?:-s )?([\w:-]+)/.exec(text) ?? []
    return script === undefined ? isPath(text) && !isThere(text) : !scripts.includes(script)
  })
  t.true(names.filter(({ text }) => isPath(text)).length > 50)
  t.deepEqual(missing, [])
})

/** Rows of a Markdown table of that many columns, without its head. */
const rows = (text: string, columns: number) =>
  text
    .split('\n')
    .flatMap((line) =>
      line.startsWith('| ') && !line.startsWith('| ---') ? [line.slice(2, -2).split(' | ')] : [],
    )
    .filter((cells) => cells.length === columns)
    .slice(1)

const glossary = read('docs/glossary.md')

test('the glossary has each word once, in the order of the alphabet', (t) => {
  const words = rows(glossary, 3).map(([word = '']) => word.toLowerCase())
  t.true(words.length > 30)
  t.deepEqual(words, [...new Set(words)].sort())
})

test('words that are not used any more are nowhere', (t) => {
  const gone = rows(glossary, 2).map(([word = '']) => word.replaceAll('`', ''))
  t.true(gone.length > 0)
  const texts = globSync('**/*.{ts,md,sh}', {
    cwd: root,
    exclude: ['**/node_modules/**', 'dist/**', '.test/**'],
  })
    .filter((path) => path !== 'docs/glossary.md' && path !== 'CHANGELOG.md')
    .map((path) => ({ path: relative('.', path), text: read(path) }))
  t.true(texts.length > 300)
  t.deepEqual(
    gone.flatMap((word) =>
      texts
        .filter(({ text }) => new RegExp(`\\b${word}\\b`).test(text))
        .map(({ path }) => `${path}: ${word}`),
    ),
    [],
  )
})
