import type { V1Node } from '@kubernetes/client-node'
import test from 'ava'
import { amountOf, overview } from '../../gateway/admin/overview.ts'
import type { Desktop } from '../../gateway/desktops/desktop.ts'
import { OFFER } from './offered.ts'

const NOW = 1_900_000_000_000
const MINUTE = 60_000

const on = (slug: string, more: Partial<Desktop> = {}): Desktop => ({
  slug,
  entryUUID: `entry of ${slug}`,
  template: 'office',
  version: '1',
  on: true,
  startedAt: NOW - 10 * MINUTE,
  pod: {
    name: `desktop-${slug}-1`,
    step: 'ready',
    pc: 'pc-1',
    made: NOW - 10 * MINUTE,
    readySince: NOW - 9 * MINUTE,
  },
  ...more,
})
const off = (slug: string, more: Partial<Desktop> = {}): Desktop => ({
  slug,
  entryUUID: `entry of ${slug}`,
  template: 'office',
  version: '1',
  on: false,
  ...more,
})
const node = (name: string, more: Partial<V1Node> = {}): V1Node => ({
  metadata: { name },
  status: {
    allocatable: { cpu: '3500m', memory: '8Gi' },
    conditions: [{ type: 'Ready', status: 'True' }],
  },
  ...more,
})

test('amounts are read as Kubernetes writes them', (t) => {
  t.deepEqual(['250m', '2', '1.5', '1Ki', '2Gi', '1k', '3M', '1G', '1Ti'].map(amountOf), [
    0.25,
    2,
    1.5,
    1_024,
    2 ** 31,
    1_000,
    3e6,
    1e9,
    2 ** 40,
  ])
  t.deepEqual(['', 'much', '2Xi', '-1'].map(amountOf), [0, 0, 0, 0])
})

test('desktops that are on or wait are counted and listed by name; others are not shown', (t) => {
  const {
    on: running,
    waiting,
    atMost,
    desktops,
  } = overview(
    [
      on('cid'),
      off('bob', { waitingSince: NOW }),
      off('dan', { stoppedAt: NOW, stoppedWhy: 'Idle' }),
      on('ada'),
    ],
    [],
    OFFER,
  )
  t.deepEqual([running, waiting, atMost], [2, 1, 3])
  t.deepEqual(
    desktops.map(({ slug, state }) => `${slug} ${state}`),
    ['ada ready', 'bob coming', 'cid ready'],
  )
})

test('a row tells when a desktop will be stopped: as announced, or after its limit without input', (t) => {
  const next = (more: Partial<Desktop>) => overview([on('ada', more)], [], OFFER).desktops[0]?.nextStop
  t.is(next({ lastInput: NOW - MINUTE }), NOW - MINUTE + 30 * MINUTE)
  t.is(
    next({ lastInput: NOW - 20 * MINUTE }),
    NOW - 9 * MINUTE + 30 * MINUTE,
    'counted from when it was ready',
  )
  t.is(next({ lastInput: NOW - MINUTE, stopsAt: NOW + 5 }), NOW + 5)
  t.is(next({ lastInput: NOW, template: 'studio' }), NOW + 8 * 60 * MINUTE)
  t.is(next({ pod: { name: 'p', step: 'start', pc: 'pc-1', made: NOW } }), undefined)
})

test('what the cluster says is wrong stands in the row, a refusal before all', (t) => {
  const pod = {
    name: 'p',
    step: 'found',
    made: NOW,
    fault: { kind: 'home', detail: 'is not mounted' },
  } as const
  t.like(overview([on('ada', { pod })], [], OFFER).desktops[0], { state: 'fault', trouble: 'is not mounted' })
  t.like(overview([on('ada', { pod, refused: 'exceeded quota' })], [], OFFER).desktops[0], {
    trouble: 'exceeded quota',
  })
})

test('a PC tells what its desktops have reserved, of what it can give', (t) => {
  const { pcs } = overview(
    [on('ada'), on('bob', { template: 'studio' }), on('cid', { template: 'gone' })],
    [node('pc-2'), node('pc-1')],
    OFFER,
  )
  t.deepEqual(pcs, [
    {
      name: 'pc-1',
      state: 'ready',
      desktops: 3,
      memory: { kept: 5 * 2 ** 30, whole: 8 * 2 ** 30 },
      cpu: { kept: 2.5, whole: 3.5 },
    },
    {
      name: 'pc-2',
      state: 'ready',
      desktops: 0,
      memory: { kept: 0, whole: 2 ** 33 },
      cpu: { kept: 0, whole: 3.5 },
    },
  ])
})

test('a PC that is not ready is away, and one that takes nobody new is closed', (t) => {
  const silent = node('pc-1', { status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } })
  const closed = node('pc-2', { spec: { unschedulable: true } })
  t.deepEqual(
    overview([], [silent, closed], OFFER).pcs.map(({ state }) => state),
    ['away', 'closed'],
  )
})
