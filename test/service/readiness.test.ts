import test from 'ava'
import { newReadiness } from '../../service/readiness.ts'

test('a service is not ready before it has said what it needs', (t) => {
  const readiness = newReadiness()
  t.deepEqual(readiness.lacks(), ['it has just begun'])
  let listens = false
  readiness.needs(() => [])
  readiness.needs(() => (listens ? [] : ['it does not listen yet']))
  t.deepEqual(readiness.lacks(), ['it does not listen yet'])
  listens = true
  t.deepEqual(readiness.lacks(), [])
})
