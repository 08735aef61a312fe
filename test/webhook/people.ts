import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { z } from 'zod'
import type { Identity } from '../../config/identity.ts'
import type { Known } from '../../webhook/decide.ts'

const group = z.object({ name: z.string(), gid: z.number() })
const spec = z.object({
  login: z.string(),
  uid: z.number(),
  gid: z.number(),
  groups: z.array(group),
  home: z.string(),
  shell: z.string(),
  entryUUID: z.string(),
})

const read = z
  .record(z.string(), spec)
  .parse(parse(readFileSync(new URL('people.yaml', import.meta.url), 'utf8')))

/** Who the people of the cases are, by slug. */
export const people: ReadonlyMap<string, Identity> = new Map(
  Object.entries(read).map(([name, one]) => [name, { metadata: { name }, spec: one }]),
)

/** One of them; a slip in a test is an error, not an `undefined`. */
export function person(slug: string): Identity {
  const found = people.get(slug)
  if (!found) throw new Error(`test/webhook/people.yaml has no ${slug}`)
  return found
}

/** These people, and nobody of them locked. */
export const known: Known = {
  lookup: (slug) => people.get(slug),
  locks: { of: () => undefined, gone: () => false },
  staleness: () => ({ state: 'fresh', checked: 0 }),
}
