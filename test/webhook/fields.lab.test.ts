import test from 'ava'
import { z } from 'zod'
import { type BareLab, up } from '../../lab/bare/bare.ts'
import { FIELDS } from '../../webhook/fields.ts'

/** The table of fields against the API server's own description of them. */

const PACKAGE = 'io.k8s.api.core.v1.'

const Reference = z.object({ $ref: z.string().optional() })
const Property = Reference.extend({
  allOf: z.array(Reference).optional(),
  items: Reference.extend({ allOf: z.array(Reference).optional() }).optional(),
})
const Description = z.object({
  components: z.object({
    schemas: z.record(z.string(), z.object({ properties: z.record(z.string(), Property).optional() })),
  }),
})

let lab: BareLab
test.before(async () => {
  lab = await up({ name: `fields-${process.pid}`, ownerPid: process.pid })
})
test.after.always(() => lab?.down())

async function described(): Promise<z.infer<typeof Description>['components']['schemas']> {
  const { stdout } = await lab.run(['get', '--raw', '/openapi/v3/api/v1'])
  return Description.parse(JSON.parse(stdout)).components.schemas
}

/** The object that a field holds, or a list of it. */
function held({ $ref, allOf, items }: z.infer<typeof Property>): string | undefined {
  const references = [$ref, ...(allOf ?? []).map((one) => one.$ref), items?.$ref, items?.allOf?.[0]?.$ref]
  return references.find((one) => one !== undefined)?.replace(`#/components/schemas/${PACKAGE}`, '')
}

test.serial('somebody decided on every field that the API server knows, and on no other', async (t) => {
  const schemas = await described()
  const odd = Object.entries(FIELDS).flatMap(([table, decisions]) => {
    const known = Object.keys(schemas[PACKAGE + table]?.properties ?? {})
    return [
      ...known
        .filter((field) => !Object.hasOwn(decisions, field))
        .map((field) => `nobody decided on ${table}.${field}`),
      ...Object.keys(decisions)
        .filter((field) => !known.includes(field))
        .map((field) => `the API server does not know ${table}.${field}`),
    ]
  })
  t.deepEqual(odd, [])
})

test.serial(
  'each table is reached from the spec of a pod, by the fields that hold such objects',
  async (t) => {
    const schemas = await described()
    const reached = new Set(['PodSpec'])
    for (const table of reached) {
      for (const [field, decision] of Object.entries(FIELDS[table] ?? {})) {
        if (decision.is !== 'inside') continue
        const property = schemas[PACKAGE + table]?.properties?.[field]
        t.is(property && held(property), decision.table, `${table}.${field}`)
        reached.add(decision.table)
      }
    }
    t.deepEqual([...reached].sort(), Object.keys(FIELDS).sort())
  },
)
