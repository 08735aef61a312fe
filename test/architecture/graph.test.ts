import test from 'ava'
import { type Import, importsIn } from '../../docs/picture/imports.ts'
import { circles, loaded, mutualFolders } from './graph.ts'

const seen = (text: string) =>
  importsIn('gateway/web/app.ts', text).map(({ name, file, typeOnly }) => [name, file, typeOnly])

/** A tree of made-up files. */
const tree = (files: Readonly<Record<string, string>>): Import[] =>
  Object.entries(files).flatMap(([path, text]) => importsIn(path, text))

test('every way to import is seen, and where it leads', (t) => {
  t.deepEqual(
    seen(`import { a } from './parts.ts'
import '../listen/serve.ts'
import * as all from 'node:fs'
export { b } from './b.ts'
export * from './c.ts'
const later = await import('./d.ts')`),
    [
      ['./parts.ts', 'gateway/web/parts.ts', false],
      ['../listen/serve.ts', 'gateway/listen/serve.ts', false],
      ['node:fs', undefined, false],
      ['./b.ts', 'gateway/web/b.ts', false],
      ['./c.ts', 'gateway/web/c.ts', false],
      ['./d.ts', 'gateway/web/d.ts', false],
    ],
  )
})

test('types alone load nothing; a type among names does not stop the file from being loaded', (t) => {
  t.deepEqual(
    seen(`import type { A } from './a.ts'
export type { B } from './b.ts'
import { type C } from './c.ts'
import { type D, e } from './d.ts'`).map(([name, , typeOnly]) => [name, typeOnly]),
    [
      ['./a.ts', true],
      ['./c.ts', false],
      ['./d.ts', false],
      ['./b.ts', true],
    ],
  )
})

test('an import in a comment or a text is none', (t) => {
  t.deepEqual(seen("// import './a.ts'\nconst text = `\nimport 'b'\n`"), [])
})

test('what acts is seen through other files and re-exports, and not through types', (t) => {
  const all = tree({
    'x/decide.ts': "import type { T } from './store.ts'\nimport { c } from './middle.ts'",
    'x/middle.ts': "export { c } from './cluster.ts'",
    'x/cluster.ts': "import { KubeConfig } from '@kubernetes/client-node'\nexport const c = KubeConfig",
    'x/store.ts': "import 'ws'",
  })
  t.deepEqual(
    loaded('x/decide.ts', all).map(({ name, way, taken }) => [name, way, taken]),
    [['@kubernetes/client-node', ['x/decide.ts', 'x/middle.ts', 'x/cluster.ts'], ['KubeConfig']]],
  )
})

test('circles are found, however long, and each once', (t) => {
  const edges = new Map([
    ['a', ['b']],
    ['b', ['c']],
    ['c', ['a', 'd']],
    ['d', ['e']],
    ['e', ['d']],
    ['f', ['a', 'f']],
  ])
  t.deepEqual(circles(edges), [['d', 'e'], ['a', 'b', 'c'], ['f']])
})

test('folders that import each other are told; a folder in another, and files beside them, are not', (t) => {
  const all = tree({
    'gateway/web/a.ts': "import '../admin/a.ts'\nimport './deep/a.ts'",
    'gateway/web/deep/a.ts': "import '../a.ts'",
    'gateway/admin/a.ts': "import type { A } from '../web/deep/b.ts'\nimport type { B } from '../web/b.ts'",
    'gateway/main.ts': "import './web/a.ts'",
    'gateway/pages/a.ts': "import '../web/a.ts'\nimport '../main.ts'",
  })
  t.deepEqual(
    mutualFolders(all, () => 'gateway'),
    ['gateway/admin <-> gateway/web'],
  )
})
