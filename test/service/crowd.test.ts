import test from 'ava'
import fc from 'fast-check'
import { newCrowd } from '../../service/crowd.ts'

test('an address that has too many strangers loses its oldest, and no other address loses any', (t) => {
  const crowd = newCrowd({ most: 100, perAddress: 2, perKnown: 10 })
  t.deepEqual(
    ['a', 'b', 'c'].map((id) => crowd.enter(id, '10.0.0.1')),
    [undefined, undefined, 'a'],
  )
  t.is(crowd.enter('d', '10.0.0.2'), undefined)
})

test('one IPv6 network is one address', (t) => {
  const crowd = newCrowd({ most: 100, perAddress: 1, perKnown: 10 })
  crowd.enter('a', '2001:db8:1:2::1')
  t.is(crowd.enter('b', '2001:db8:1:2:ffff::9'), 'a')
  t.is(crowd.enter('c', '2001:db8:1:3::1'), undefined)
})

test('whoever is known counts for the address no more, but only so often', (t) => {
  const crowd = newCrowd({ most: 100, perAddress: 2, perKnown: 2 })
  const enter = (id: string) => crowd.enter(id, '10.0.0.1')
  const known = ['a', 'b', 'c'].map((id) => {
    enter(id)
    return crowd.know(id, 'ada')
  })
  t.deepEqual(known, [true, true, false])
  t.is(enter('d'), undefined)
  t.is(enter('e'), 'c')
  t.false(crowd.know('nobody', 'ada'))
})

test('when everything is full, the address with the most gives way; when all are known, the newcomer does', (t) => {
  const crowd = newCrowd({ most: 3, perAddress: 3, perKnown: 9 })
  crowd.enter('a', '10.0.0.1')
  crowd.enter('b', '10.0.0.2')
  crowd.enter('c', '10.0.0.2')
  t.is(crowd.enter('d', '10.0.0.3'), 'b')
  for (const id of ['a', 'c', 'd']) crowd.know(id, 'ada')
  t.is(crowd.enter('e', '10.0.0.4'), 'e')
})

test('there are never too many, in all or of one address', (t) => {
  const step = fc.record({
    what: fc.constantFrom('enter', 'enter', 'enter', 'know', 'leave'),
    id: fc.nat(30),
    at: fc.nat(4),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const crowd = newCrowd({ most: 8, perAddress: 3, perKnown: 2 })
      const here = new Map<string, string>()
      let next = 0
      for (const { what, id, at } of steps) {
        const one = [...here.keys()][id % Math.max(1, here.size)]
        if (what === 'enter') {
          const name = `c${next++}`
          here.set(name, `10.0.0.${at}`)
          const leaves = crowd.enter(name, `10.0.0.${at}`)
          if (leaves !== undefined && !here.delete(leaves)) return false
        } else if (one !== undefined && what === 'know') {
          if (crowd.know(one, `p${at}`)) here.set(one, 'known')
        } else if (one !== undefined) {
          here.delete(one)
          crowd.leave(one)
        }
        const counts = Map.groupBy(
          [...here.values()].filter((place) => place !== 'known'),
          (place) => place,
        )
        if (crowd.size() !== here.size || here.size > 8) return false
        if ([...counts.values()].some(({ length }) => length > 3)) return false
      }
      return true
    }),
  )
  t.pass()
})
