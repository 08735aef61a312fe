import test from 'ava'
import { PERSON } from '../../config/labels.ts'
import { lockIn, lockLine, lockOf } from '../../config/lock.ts'
import { decide, type Locks } from '../../webhook/decide.ts'
import { callOf } from './calls.ts'
import { known, person } from './people.ts'

const pod = (slug: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'x', labels: { [PERSON]: slug } },
  spec: { containers: [{ name: 'c', image: 'x' }] },
})

const ada = person('ada').spec
const lines = { ada: lockLine(lockOf(ada, new Date(0), 'lost laptop')) }
const locks = (change: Partial<Locks> = {}): Locks => ({
  of: (slug, entryUUID) => lockIn(lines, slug, entryUUID),
  gone: () => false,
  ...change,
})

test('who is locked in the cluster is refused, with when, why and the mend; nobody else is', (t) => {
  const decision = decide(callOf(pod('ada')), { ...known, locks: locks() })
  t.like(decision, { result: 'refused', why: 'locked', code: 403, slug: 'ada', uid: ada.uid })
  const { message } = decision as { message: string }
  for (const part of ['1970-01-01', 'lost laptop', 'npx deskfleet people unlock'])
    t.true(message.includes(part), message)
  t.is(decide(callOf(pod('bob')), { ...known, locks: locks() }).result, 'patched')
})

test('an old lock of the same login locks nobody who is another entry', (t) => {
  const later = { ...person('ada'), spec: { ...ada, entryUUID: 'another' } }
  const decision = decide(callOf(pod('ada')), { ...known, lookup: () => later, locks: locks() })
  t.is(decision.result, 'patched')
})

test('where the list is gone nobody is told to be free, and who was locked last stays so', (t) => {
  const gone = { ...known, locks: locks({ gone: () => true }) }
  t.like(decide(callOf(pod('bob')), gone), { result: 'refused', why: 'blind', code: 503 })
  t.like(decide(callOf(pod('ada')), gone), { result: 'refused', why: 'locked' })
})
