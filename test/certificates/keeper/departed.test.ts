import test from 'ava'
import { departed, type Given } from '../../../certificates/keeper/departed.ts'

/** Whose certificates in the Gluster pool count no more. */

const given = (serial: string, more: Partial<Given> = {}): Given => ({
  serial,
  node: 'pc-1',
  uid: 'first',
  until: 1_000,
  ...more,
})
const here = { name: 'pc-1', uid: 'first' }

test('a PC of the room keeps all that it was given', (t) => {
  t.deepEqual(departed([given('a'), given('b')], [here], [], 0), [])
})

test('a PC that left has none, and one of the same name that joined later is another one', (t) => {
  const [old, fresh] = [given('a'), given('b', { uid: 'second' })]
  t.deepEqual(departed([old], [], [], 0), ['a'])
  t.deepEqual(departed([old, fresh], [{ name: 'pc-1', uid: 'second' }], [], 0), ['a'])
  t.deepEqual(departed([old], [{ name: 'pc-2', uid: 'first' }], [], 0), ['a'])
})

test('what counted no more never counts again', (t) => {
  t.deepEqual(departed([given('a')], [here], ['a'], 0), ['a'])
})

test('what has ended by itself is left out', (t) => {
  t.deepEqual(departed([given('a')], [], ['a'], 999), ['a'])
  t.deepEqual(departed([given('a')], [], ['a'], 1_000), [])
})

test('one of which the API server did not tell the Node goes by its name', (t) => {
  const unknown = given('a', { uid: undefined })
  t.deepEqual(departed([unknown], [{ name: 'pc-1', uid: 'second' }], [], 0), [])
  t.deepEqual(departed([unknown], [], [], 0), ['a'])
})
