import { isDeepStrictEqual } from 'node:util'
import test from 'ava'
import fc from 'fast-check'
import { type LdifEntry, readEntries, textOf, valuesOf, writeEntry } from '../../directory/ldif.ts'

const entry = (dn: string, attributes: Record<string, readonly Buffer[]>): LdifEntry => ({
  dn,
  attributes: new Map(Object.entries(attributes)),
})

test('whatever bytes a value has, it is read as it was written', (t) => {
  const value = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes))
  const attribute = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/).filter((name) => name !== 'dn')
  const any = fc.record({
    dn: fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
    attributes: fc.dictionary(attribute, fc.array(value, { minLength: 1, maxLength: 3 }), {
      noNullPrototype: true,
    }),
  })
  t.notThrows(() =>
    fc.assert(
      fc.property(fc.array(any, { maxLength: 4 }), (all) => {
        const entries = all.map(({ dn, attributes }) => entry(dn, attributes))
        return isDeepStrictEqual(readEntries(entries.map(writeEntry).join('')), entries)
      }),
    ),
  )
})

test('values that begin or end with a space, a colon or a sign of another language are encoded', (t) => {
  const text = writeEntry(
    entry('uid=a', { cn: [' a', 'a ', ':a', '<a', 'ü', 'plain words'].map((one) => Buffer.from(one)) }),
  )
  t.deepEqual(text.match(/^cn: .*$/gm), ['cn: plain words'])
})

test('lines that go on are joined, comments are passed over, and what is no LDIF is told by its line', (t) => {
  const [found] = readEntries('# a comment\ndn: uid=ada,\n ou=people\nCN: Ada\nuserPassword:: AAE=\n\n')
  if (!found) return t.fail()
  t.is(found.dn, 'uid=ada,ou=people')
  t.is(textOf(found, 'cn'), 'Ada')
  t.deepEqual(valuesOf(found, 'userpassword'), [Buffer.from([0, 1])])
  t.throws(() => readEntries('cn: Ada\n'), { message: /line 1/ })
  t.throws(() => readEntries('dn: uid=ada\nwhat is this\n'), { message: /line 2/ })
})
