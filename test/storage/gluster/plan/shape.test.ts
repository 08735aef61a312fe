import test from 'ava'
import fc from 'fast-check'
import {
  copiesWith,
  nextShape,
  quorumOf,
  type Shape,
  shapeAtBirth,
} from '../../../../storage/gluster/plan/shape.ts'

const counts = fc.record({
  wanted: fc.integer({ min: 1, max: 7 }),
  width: fc.integer({ min: 1, max: 7 }),
  free: fc.integer({ min: 0, max: 9 }),
})

test('copies with so many bricks: as wanted, else odd, and two rather than one', (t) => {
  t.deepEqual(
    [0, 1, 2, 3, 4, 5, 6].map((bricks) => copiesWith(bricks, 5)),
    [0, 1, 2, 3, 3, 5, 5],
  )
  t.deepEqual(
    [1, 2, 3, 4].map((bricks) => copiesWith(bricks, 4)),
    [1, 2, 3, 4],
  )
})

test('a growing set is never outvoted by its empty bricks', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(counts, ({ wanted, width, free }) => {
        const next = nextShape({ width, arbiters: 0 }, wanted, free)
        return next === undefined || next.arbiters > 0 || next.width < width || quorumOf(next.width) <= width
      }),
    ),
  )
})

test('step by step each set comes to what so many bricks allow, and stays', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(counts, ({ wanted, width, free }) => {
        const bricks = width + free
        let shape: Shape = { width, arbiters: 0 }
        for (let at = 0; at < 10; at++) shape = nextShape(shape, wanted, bricks - shape.width) ?? shape
        const least = Math.max(copiesWith(bricks, wanted), Math.min(width, wanted))
        return (
          shape.width - shape.arbiters === least &&
          nextShape(shape, wanted, bricks - shape.width) === undefined
        )
      }),
    ),
  )
})

test('an arbiter only beside two copies, wherever there is a third brick', (t) => {
  t.deepEqual(shapeAtBirth(3, 2, 1), { width: 3, arbiters: 1 })
  t.deepEqual(shapeAtBirth(2, 2, 1), { width: 2, arbiters: 0 })
  t.deepEqual(nextShape({ width: 2, arbiters: 0 }, 2, 1), { width: 3, arbiters: 1 })
  t.deepEqual(nextShape({ width: 3, arbiters: 1 }, 3, 0), { width: 2, arbiters: 0 })
  t.deepEqual(nextShape({ width: 3, arbiters: 1 }, 1, 0), { width: 2, arbiters: 0 })
  t.is(nextShape({ width: 3, arbiters: 1 }, 2, 4), undefined)
})
