import { randomUUID } from 'node:crypto'
import test from 'ava'
import { readUsage } from '../../cluster/storage-usage.ts'
import { API_GROUP, API_VERSION, NAMESPACES, STORAGE_USAGE } from '../../config/names.ts'
import { writesOf } from '../../storage/usage/records.ts'

/** What is written of a measure is read by the pages and the command line. */

const NONE = { bytes: 0, files: 0 }
const object = (name: string, record: unknown) => ({
  apiVersion: `${API_GROUP}/${API_VERSION}`,
  kind: STORAGE_USAGE.kind,
  metadata: { name, namespace: NAMESPACES.storage, resourceVersion: '7' },
  record,
})

test('each record of a measure is read as it was written', (t) => {
  const homes = new Map([[randomUUID(), { bytes: 5e9, files: 12 }]])
  const usage = { homes, shared: NONE, trash: NONE, other: NONE }
  const index = { at: '2026-11-27T02:00:00.000Z', files: 12, homes: 1 }
  const writes = writesOf(
    { set: 2, at: new Date('2026-11-27T12:00:00Z'), pc: 'pc-1', usage, unread: 1, index },
    new Map(),
  )
  t.true(writes.length >= 2)
  for (const [name, record] of writes) {
    const stored = JSON.parse(JSON.stringify(object(name, record)))
    t.deepEqual(readUsage(stored), { name, resourceVersion: '7', record: stored.record })
  }
  const room = { is: 'room', bytes: 10, free: 1, tight: true }
  t.like(readUsage(object('room', room)), { record: room })
})

test('what cannot be read is left out, and never taken for nothing used', (t) => {
  for (const record of [
    undefined,
    {},
    { is: 'part', set: 0, homes: {} },
    { is: 'part', set: 1, homes: { a: { bytes: -1, files: 0 } } },
    { is: 'room', bytes: 10, free: 'much', tight: false },
    { is: 'set', set: 1, measured: 'today' },
  ])
    t.is(readUsage(object('spoilt', record)), undefined)
})
