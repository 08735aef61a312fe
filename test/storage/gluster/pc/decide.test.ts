import test from 'ava'
import { NEW_MEMORY } from '../../../../storage/gluster/agent/stored.ts'
import { decide } from '../../../../storage/gluster/pc/decide.ts'
import type { OwnChange, OwnFacts } from '../../../../storage/gluster/pc/facts.ts'
import type { Brick, Fenced, Memory } from '../../../../storage/gluster/plan/facts.ts'

/** What the agent of one PC does with its own glusterd and brick. */

const BRICK: Brick = {
  id: 'disk',
  path: '/brick/data',
  bytes: 100,
  free: 90,
  holds: 'volume',
  fault: undefined,
}

const WELL: OwnFacts = {
  me: 'pc-1',
  memory: NEW_MEMORY,
  brick: BRICK,
  pool: { uuid: 'uuid', known: true },
  keys: true,
  names: true,
  mayServe: true,
  glusterd: true,
  serving: true,
}
const OFF = { glusterd: false, serving: false }
const WIPED = { uuid: undefined, known: false }

const fenced = (given: Partial<Fenced> = {}): Fenced => ({
  pc: 'pc-1',
  uuid: 'uuid',
  brickId: 'disk',
  since: 0,
  mayWipe: false,
  ...given,
})
const memory = (given: Partial<Memory>): Memory => ({ ...NEW_MEMORY, ...given })

const CASES: Readonly<Record<string, readonly [Partial<OwnFacts>, OwnChange | undefined]>> = {
  'all is well': [{}, undefined],
  'glusterd does not run': [OFF, 'start'],
  'the other one of two went on alone': [{ ...OFF, mayServe: false }, undefined],
  'where the others are is not known yet': [{ ...OFF, names: false }, undefined],
  'nobody vouches for the PC yet': [{ ...OFF, keys: false }, undefined],
  'the API server has told nothing yet': [{ ...OFF, memory: 'unread' }, undefined],
  'the API server has told nothing yet, and glusterd runs': [{ memory: 'unread' }, undefined],
  'another PC is shut out': [{ ...OFF, memory: memory({ fenced: [fenced({ pc: 'pc-2' })] }) }, 'start'],
  'shut out while glusterd runs': [{ memory: memory({ fenced: [fenced()] }) }, 'stop'],
  'shut out, and a brick is left of it': [
    { glusterd: false, memory: memory({ fenced: [fenced()] }) },
    'stop',
  ],
  'shut out, off': [{ ...OFF, memory: memory({ fenced: [fenced()] }) }, undefined],
  'shut out, and what it has is elsewhere': [
    { ...OFF, memory: memory({ fenced: [fenced({ mayWipe: true })], mayEmpty: { 'pc-1': 'disk' } }) },
    'empty',
  ],
  'shut out, its brick empty': [
    {
      ...OFF,
      brick: { ...BRICK, holds: 'nothing' },
      memory: memory({ fenced: [fenced({ mayWipe: true })], mayEmpty: { 'pc-1': 'disk' } }),
    },
    'wipe',
  ],
  'shut out, with another disk than the one that may be emptied': [
    {
      ...OFF,
      brick: { ...BRICK, id: 'another' },
      memory: memory({ fenced: [fenced({ mayWipe: true })], mayEmpty: { 'pc-1': 'disk' } }),
    },
    'wipe',
  ],
  'shut out and wiped': [
    { ...OFF, pool: WIPED, memory: memory({ fenced: [fenced({ mayWipe: true })] }) },
    undefined,
  ],
  'shut out under another UUID: it was wiped already': [
    { ...OFF, pool: { uuid: 'new', known: false }, memory: memory({ fenced: [fenced({ mayWipe: true })] }) },
    undefined,
  ],
  'its brick is the volume’s no more': [
    { serving: false, memory: memory({ mayEmpty: { 'pc-1': 'disk' } }) },
    'empty',
  ],
  'its brick may be emptied, and is served': [
    { memory: memory({ mayEmpty: { 'pc-1': 'disk' } }) },
    undefined,
  ],
  'its brick may be emptied, and is another one': [
    { serving: false, memory: memory({ mayEmpty: { 'pc-1': 'another' } }) },
    undefined,
  ],
  'its brick cannot be read': [{ brick: 'unread' }, undefined],
}

for (const [what, [given, change]] of Object.entries(CASES))
  test(what, (t) => {
    t.is(decide({ ...WELL, ...given }).change, change)
  })

test('a wiped PC that is shut out does not start before it is let in', (t) => {
  const facts = { ...WELL, ...OFF, pool: WIPED, brick: { ...BRICK, holds: 'nothing' } }
  t.is(decide({ ...facts, memory: memory({ fenced: [fenced({ mayWipe: true })] }) }).change, undefined)
  t.is(decide({ ...facts, memory: NEW_MEMORY }).change, 'start')
})
