import test from 'ava'
import fc from 'fast-check'
import { nameOf } from '../../../orchestrator/backup/decide.ts'
import { type Holder, planSpread } from '../../../orchestrator/backup/spread.ts'

const NOW = Date.parse('2026-11-27T16:00:00Z')
const copy = (hours: number): string => nameOf(NOW - hours * 3_600_000, 7)

const holder = (name: string, copies: readonly string[] | undefined, zone?: string): Holder => ({
  name,
  zone,
  copies,
})

test('the newest copy lies on three PCs, in other zones before all', (t) => {
  const holders = [
    holder('pc-1', [copy(0)], 'left'),
    holder('pc-2', [], 'left'),
    holder('pc-3', [], 'right'),
    holder('pc-4', [], 'left'),
  ]
  t.deepEqual(planSpread(holders, NOW), {
    carries: [
      { copy: copy(0), from: 'pc-1', to: 'pc-3' },
      { copy: copy(0), from: 'pc-1', to: 'pc-2' },
    ],
    lacks: undefined,
  })
})

test('copies stay together, and nothing is carried to whom it lies with', (t) => {
  const both = [copy(0), copy(1)]
  const holders = [holder('pc-1', both), holder('pc-2', both), holder('pc-3', []), holder('pc-4', [copy(1)])]
  t.deepEqual(planSpread(holders, NOW).carries, [{ copy: copy(0), from: 'pc-1', to: 'pc-4' }])
})

test('a PC that cannot be asked counts for nothing, and comes back to what it had', (t) => {
  const holders = [holder('pc-1', [copy(0)]), holder('pc-2', undefined), holder('pc-3', [copy(0)])]
  t.deepEqual(planSpread(holders, NOW), {
    carries: [],
    lacks: 'copies lie on 2 PCs, since no more can be asked: 3 are wanted',
  })
  t.regex(planSpread([holder('pc-1', undefined)], NOW).lacks ?? '', /no PC that can be asked/)
})

test('whatever lies where: done as planned, each copy is on three PCs, and then nothing is left to do', (t) => {
  const some = fc.subarray([copy(0), copy(1), copy(2)])
  const holders = fc
    .array(
      fc.tuple(fc.option(some, { nil: undefined, freq: 4 }), fc.constantFrom('left', 'right', undefined)),
      {
        minLength: 1,
        maxLength: 7,
      },
    )
    .map((all) => all.map(([copies, zone], at) => holder(`pc-${at + 1}`, copies, zone)))
  fc.assert(
    fc.property(holders, (before) => {
      let now = before
      for (let turn = 0; turn < 4; turn++) {
        const { carries } = planSpread(now, NOW)
        for (const { copy: name, from, to } of carries) {
          t.true(now.find((one) => one.name === from)?.copies?.includes(name))
          now = now.map((one) => (one.name === to ? { ...one, copies: [...(one.copies ?? []), name] } : one))
        }
      }
      t.deepEqual(planSpread(now, NOW).carries, [])
      const asked = now.filter(({ copies }) => copies !== undefined)
      for (const name of new Set(asked.flatMap(({ copies }) => copies ?? [])))
        t.true(asked.filter(({ copies }) => copies?.includes(name)).length >= Math.min(3, asked.length))
    }),
    { numRuns: 300 },
  )
})
