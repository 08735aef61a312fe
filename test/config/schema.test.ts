import { readFileSync } from 'node:fs'
import test from 'ava'
import { readCluster } from '../../config/read.ts'
import { referencePage } from '../../config/reference.ts'
import { jsonSchema } from '../../config/schema.ts'

const root = new URL('../../', import.meta.url)
const text = (path: string) => readFileSync(new URL(path, root), 'utf8')

test('the JSON Schema beside cluster.yaml is current', (t) => {
  t.deepEqual(JSON.parse(text('cluster.schema.json')), JSON.parse(JSON.stringify(jsonSchema())))
})

test('the shipped cluster.yaml has no mistake, and no warning but that it has no key, which nothing that is shipped has', (t) => {
  const outcome = readCluster({ name: 'cluster.yaml', text: text('cluster.yaml') })
  t.true(outcome.ok)
  t.deepEqual(outcome.ok ? outcome.warnings.map(({ what }) => what) : undefined, [
    'masters.copies.recipients names no key, so nobody copies etcd',
  ])
})

test('docs/configuration.md lists every setting', (t) => {
  const page = text('docs/configuration.md')
  t.is(page, referencePage(jsonSchema()))
  const missing = [...settings(jsonSchema(), '')].filter((path) => !page.includes(`\`${path}\``))
  t.deepEqual(missing, [])
})

function* settings(schema: unknown, path: string): Generator<string> {
  const { properties, items, oneOf } = schema as {
    properties?: Record<string, unknown>
    items?: unknown
    oneOf?: readonly unknown[]
  }
  for (const kind of oneOf ?? []) yield* settings(kind, path)
  if (items !== undefined) yield* settings(items, `${path}[]`)
  for (const [key, inner] of Object.entries(properties ?? {})) {
    const at = path === '' ? key : `${path}.${key}`
    yield at
    yield* settings(inner, at)
  }
}
