import test from 'ava'
import { adding, quorumOf, removing, removingAll } from '../../orchestrator/projection.ts'
import { member } from './facts.ts'

const of =
  (...sick: readonly number[]) =>
  (count: number) =>
    Array.from({ length: count }, (_, at) => member(at, { answers: !sick.includes(at) }))

const id = (at: number) => member(at).id

test('a quorum is more than half', (t) => {
  t.deepEqual([1, 2, 3, 4, 5].map(quorumOf), [1, 2, 2, 3, 3])
})

test('a member may go where the healthy ones that are left are a quorum', (t) => {
  t.is(removing(of(0)(3), id(0)), undefined)
  t.regex(removing(of(0, 1)(3), id(0)) ?? '', /no quorum/)
  t.is(removing(of(0, 1)(5), id(0)), undefined)
  t.regex(removing(of(0, 1)(5), id(2)) ?? '', /no quorum/)
  t.regex(removing(of()(1), id(0)) ?? '', /last member/)
  t.is(removing(of()(2), id(0)), undefined)
  t.regex(removing(of(1)(2), id(0)) ?? '', /no quorum/)
  t.is(removing(of()(3), 'unknown'), undefined)
})

test('two of five go one after the other, and three do not', (t) => {
  t.is(removingAll(of(0, 1)(5), [id(0), id(1)]), undefined)
  t.regex(removingAll(of(0, 1, 2)(5), [id(0), id(1), id(2)]) ?? '', /no quorum/)
})

test('nobody goes while somebody comes, and a learner may always go', (t) => {
  const coming = [...of(0)(3), member(3, { learner: true, started: false })]
  t.regex(removing(coming, id(0)) ?? '', /on its way/)
  t.is(removing(coming, id(3)), undefined)
})

test('a member may come where the healthy ones of now would be a quorum even without it', (t) => {
  t.is(adding(of()(1), 'pc-9'), undefined)
  t.is(adding(of()(2), 'pc-9'), undefined)
  t.is(adding(of()(3), 'pc-9'), undefined)
  t.regex(adding(of(0)(3), 'pc-9') ?? '', /no quorum/)
  t.is(adding(of(0)(4), 'pc-9'), undefined)
  t.regex(adding(of(1)(2), 'pc-9') ?? '', /no quorum/)
  t.regex(adding(of(0)(1), 'pc-9') ?? '', /no member/)
})

test('one comes at a time, and who is half way may go on', (t) => {
  const coming = [...of()(2), member(3, { learner: true })]
  t.regex(adding(coming, 'pc-9') ?? '', /on its way/)
  t.is(adding(coming, 'pc-3'), undefined)
})
