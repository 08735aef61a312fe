import test from 'ava'
import fc from 'fast-check'
import { holdsMore } from '../../webhook/values.ts'

/** What opens a value and what parts one from the next, counted on what was read. */
function marks(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const inside = Object.values(value)
  return 1 + Math.max(0, inside.length - 1) + inside.reduce<number>((sum, one) => sum + marks(one), 0)
}

test('values are counted before they are read as after, whatever stands in texts', (t) => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 5 }),
      fc.string({ unit: fc.constantFrom('\\', '"', ',', '[', '{') }),
      (value, text) => {
        const all = [value, text, { [text]: text }]
        const json = Buffer.from(JSON.stringify(all))
        const many = marks(all)
        return holdsMore(json, many - 1) && !holdsMore(json, many)
      },
    ),
  )
  t.pass()
})

test('a text without an end, or all of backslashes, ends the count', (t) => {
  for (const json of ['["', '["\\', `["${'\\'.repeat(1_000_001)}"`]) t.false(holdsMore(Buffer.from(json), 1))
})
