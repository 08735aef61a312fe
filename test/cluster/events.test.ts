import test from 'ava'
import { bounded, type EventNews } from '../../cluster/events.ts'

const news = (count: number): EventNews[] =>
  Array.from({ length: count }, (_, at) => ({
    regarding: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'n', name: `object-${at}` },
    reason: 'Refused',
    message: `number ${at}`,
  }))

test('twenty are told one by one, and one more for all the rest', (t) => {
  t.deepEqual(bounded(news(20)), news(20))
  const many = bounded(news(1_000))
  t.is(many.length, 21)
  t.deepEqual(many.slice(0, 20), news(20))
  t.like(many[20], { reason: 'Refused', message: '980 more of this kind; the log names them' })
  t.deepEqual(bounded([]), [])
})
