import type { V1Node } from '@kubernetes/client-node'
import test from 'ava'
import { BRICK } from '../../../../config/labels.ts'
import { pcsOf, saidOf } from '../../../../storage/gluster/agent/cluster.ts'
import { NEW_MEMORY } from '../../../../storage/gluster/agent/stored.ts'
import { mayLead } from '../../../../storage/gluster/pc/decide.ts'
import type { OwnFacts } from '../../../../storage/gluster/pc/facts.ts'

/** PCs as their Nodes and their agents tell of them. */

const SINCE = new Date('2026-11-27T12:00:00Z')
const node = (name: string, labels: Record<string, string> = { [BRICK]: 'true' }): V1Node => ({
  metadata: { name, labels },
  status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: SINCE }] },
})
const DISK = { id: 'disk', path: '/brick/data', bytes: 100, free: 50, holds: 'nothing' }
const said = (name: string, status: object) => ({ metadata: { name, resourceVersion: '1' }, status })

test('a PC without the label has no brick; one whose agent is silent has one that nobody knows', (t) => {
  const pcs = pcsOf(
    [node('pc-1'), node('pc-2', {}), node('pc-3')],
    [said('pc-1', { brick: DISK, uuid: 'u', epoch: 2 })],
  )
  t.like(pcs[0], { name: 'pc-1', ready: true, since: SINCE.getTime(), open: true, uuid: 'u', epoch: 2 })
  t.deepEqual(
    pcs.map(({ brick }) => (typeof brick === 'string' ? brick : brick.id)),
    ['disk', 'none', 'unread'],
  )
})

test('what an agent says in a way that cannot be read counts as nothing said', (t) => {
  const [pc] = pcsOf([node('pc-1')], [said('pc-1', { brick: { ...DISK, bytes: 'many' } })])
  t.is(pc?.brick, 'unread')
})

const OWN: OwnFacts = {
  me: 'pc-1',
  memory: NEW_MEMORY,
  brick: { ...DISK, free: 55.5, fault: undefined },
  pool: { uuid: 'u', known: true },
  keys: true,
  names: true,
  mayServe: true,
  glusterd: true,
  serving: false,
}

test('a PC tells epoch 0 while its glusterd knows nobody, and never else', (t) => {
  t.is(saidOf({ ...OWN, pool: { uuid: 'u', known: false } }).epoch, 0)
  t.is(saidOf({ ...OWN, memory: { ...NEW_MEMORY, epoch: 7 } }).epoch, 7)
  t.is(saidOf({ ...OWN, memory: { ...NEW_MEMORY, epoch: 0 } }).epoch, 1)
  t.is(saidOf({ ...OWN, memory: 'unread' }).epoch, 1)
})

test('free room is told roughly, so that not every byte is news', (t) => {
  t.is(saidOf(OWN).brick?.free, 55)
})

test('who may keep the volume: a PC that asks its own glusterd, and is of the pool where there is one', (t) => {
  const born = { ...NEW_MEMORY, members: { 'pc-2': 'disk' } }
  const shut = { ...born, fenced: [{ pc: 'pc-1', uuid: 'u', brickId: 'disk', since: 0, mayWipe: false }] }
  t.true(mayLead(OWN))
  t.true(mayLead({ ...OWN, pool: { uuid: undefined, known: false } }))
  t.false(
    mayLead({ ...OWN, memory: born, pool: { uuid: 'u', known: false } }),
    'it would see a room without a volume',
  )
  t.true(mayLead({ ...OWN, memory: born }))
  t.false(mayLead({ ...OWN, memory: shut }))
  t.false(mayLead({ ...OWN, glusterd: false }))
  t.false(mayLead({ ...OWN, memory: 'unread' }))
})
