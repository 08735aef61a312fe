import test from 'ava'
import { LOCK_LINE, lockIn, lockLine, lockOf, readLock } from '../../config/lock.ts'

const ADA = { entryUUID: '5f0c1e0e-1111-4222-8333-444455556666', uid: 10_001 }
const NOW = new Date('2026-11-26T17:00:00Z')

test('a line says who, since when and why, and is read back', (t) => {
  const lock = lockOf(ADA, NOW, ' stolen\nlaptop | desk 4 ')
  t.is(lock.reason, 'stolen laptop | desk 4')
  const line = lockLine(lock)
  t.regex(line, new RegExp(LOCK_LINE))
  t.deepEqual(readLock(line), lock)
})

test('it locks that person, and nobody who has the login later', (t) => {
  const lines = { ada: lockLine(lockOf(ADA, NOW, '')) }
  t.is(lockIn(lines, 'ada', ADA.entryUUID)?.uid, ADA.uid)
  t.is(lockIn(lines, 'ada', 'another'), undefined)
  t.is(lockIn(lines, 'bob', ADA.entryUUID), undefined)
  t.is(lockIn(lines, 'constructor', ADA.entryUUID), undefined)
})

test('a line that cannot be read locks whoever has the login', (t) => {
  for (const line of ['', 'ada', 'a|b|c|d', `${ADA.entryUUID}|1`]) {
    t.is(readLock(line), undefined, line)
    t.not(lockIn({ ada: line }, 'ada', 'anybody'), undefined, line)
  }
})
