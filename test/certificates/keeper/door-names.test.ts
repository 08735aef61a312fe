import test from 'ava'
import { doorNames } from '../../../certificates/keeper/door-names.ts'

const HOST = 'desk.room.example.org'

test('the door is for what its root allows: the host, what is below it, the address', (t) => {
  t.deepEqual(doorNames([HOST, '192.0.2.10'], [HOST, '192.0.2.10']), {
    names: [HOST, '192.0.2.10'],
    beyond: [],
  })
  t.deepEqual(doorNames([`a.${HOST}`], [HOST]), { names: [`a.${HOST}`], beyond: [] })
})

test('a new address is left out and told, since machines trust the root as it is', (t) => {
  t.deepEqual(doorNames([HOST, '192.0.2.11'], [HOST, '192.0.2.10']), {
    names: [HOST],
    beyond: ['192.0.2.11'],
  })
})

test('for another host nothing is signed', (t) => {
  const found = doorNames(['desk.other.example'], [HOST, '192.0.2.10'])
  t.deepEqual(found, {
    fault:
      'it is for desk.room.example.org and 192.0.2.10, and the room is now desk.other.example: docs/door.md, "Another name"',
  })
})

test('a name that only ends alike is not covered', (t) => {
  t.true('fault' in doorNames([`evil${HOST}`], [HOST]))
})

test('a root without constraints is not used: it could vouch for any site in the world', (t) => {
  t.true('fault' in doorNames([HOST], undefined))
})
