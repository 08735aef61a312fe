import test from 'ava'
import { lostMasters } from '../../orchestrator/detect.ts'
import type { Facts } from '../../orchestrator/facts.ts'
import { remember } from '../../orchestrator/remember.ts'
import type { State } from '../../orchestrator/state.ts'
import { isStorm } from '../../orchestrator/storm.ts'
import { HOUR, MINUTE, NOW, off, POLICY, SECOND, watched, well, withMember, withPc } from './facts.ts'

const room = well(3, 2)
const noApi = (facts: Facts, at: number): Facts => ({
  ...facts,
  apis: facts.apis.filter((name) => name !== `pc-${at}`),
})
const look = (facts: Facts, before: State, now = NOW) => remember(facts, before, POLICY, now)
const sick = (facts: Facts, before: State) => look(facts, before).state.sick

const SILENT = { 'pc-0': 6 * MINUTE }

test('what is wrong with a master is told by three signs', (t) => {
  const heard = watched(room)
  const silent = watched(room, SILENT)
  t.deepEqual(sick(room, heard), {})
  t.is(sick(off(room, 0), silent)['pc-0']?.as, 'MachineDead')
  t.is(sick(room, silent)['pc-0']?.as, 'KubeletDead')
  t.is(sick(noApi(room, 0), silent)['pc-0']?.as, 'KubeletDead')
  t.is(sick(withMember(room, 0, { answers: false }), silent)['pc-0']?.as, 'Unclear')
  t.is(sick(off(room, 0), heard)['pc-0']?.as, 'EtcdSick')
  t.is(sick(withMember(room, 0, { alarms: ['CORRUPT'] }), heard)['pc-0']?.as, 'EtcdSick')
  t.is(sick(noApi(room, 0), heard)['pc-0']?.as, 'ApiSick')
  t.deepEqual(sick(withMember(room, 0, { alarms: ['NOSPACE'] }), heard), {})
})

test('a master is lost after its time, and not a second before', (t) => {
  const lost = (ms: number) => lostMasters(look(off(room, 0), watched(room, { 'pc-0': ms })))
  t.deepEqual(lost(5 * MINUTE - SECOND), [])
  t.deepEqual(lost(5 * MINUTE), ['pc-0'])
  const noKubelet = (ms: number) => lostMasters(look(room, watched(room, { 'pc-0': ms })))
  t.deepEqual(noKubelet(14 * MINUTE), [])
  t.deepEqual(noKubelet(15 * MINUTE), ['pc-0'])
  const noEtcd = (ms: number) =>
    lostMasters(
      look(off(room, 0), { ...watched(room), sick: { 'pc-0': { as: 'EtcdSick', since: NOW - ms } } }),
    )
  t.deepEqual(noEtcd(19 * MINUTE), [])
  t.deepEqual(noEtcd(20 * MINUTE), ['pc-0'])
  const noApiServer = { ...watched(room), sick: { 'pc-0': { as: 'ApiSick', since: 0 } } } as const
  t.deepEqual(lostMasters(look(noApi(room, 0), noApiServer)), [])
})

test('a master that was removed by hand is none that is sick while its PC is alive', (t) => {
  const facts = { ...room, etcd: { members: [] } }
  t.is(sick(facts, watched(room))['pc-0'], undefined)
})

test('a PC whose clock is wrong by hours is heard like any other', (t) => {
  const before = watched(room)
  const later = withPc(room, 0, { renewTime: '1999-01-01T00:00:00Z' })
  t.is(look(later, before).state.heard['pc-0']?.since, NOW)
  // The same wrong time again is silence.
  const after = look(later, look(later, before).state, NOW + MINUTE)
  t.is(after.state.heard['pc-0']?.since, NOW)
})

/** What was remembered when somebody looked last, ten minutes ago: pc-0 was silent for so long then. */
const absent = (silent: number): State => ({
  ...watched(room, { 'pc-0': 10 * MINUTE + silent }),
  at: NOW - 10 * MINUTE,
})

test('our own absence counts for nobody', (t) => {
  const facts = off(room, 0)
  const fresh = look(facts, absent(10 * SECOND))
  t.is(fresh.state.heard['pc-0']?.since, NOW - 10 * SECOND)
  t.not(fresh.state.sick['pc-0']?.as, 'MachineDead')
  // Whoever was silent before has been so for as long as then, and no longer.
  const silent = look(facts, absent(2 * MINUTE))
  t.deepEqual(silent.state.sick['pc-0'], { as: 'MachineDead', since: NOW - 2 * MINUTE })
  t.deepEqual(lostMasters(silent), [])
  t.deepEqual(lostMasters(look(facts, absent(6 * MINUTE))), ['pc-0'])
  // Heard again since then: it is there.
  t.is(look(withPc(facts, 0, { renewTime: 'later' }), absent(6 * MINUTE)).state.heard['pc-0']?.since, NOW)
  // A run that stood on the dead master is missed for a minute and a half: that is no absence.
  t.deepEqual(lostMasters(look(facts, { ...watched(room, SILENT), at: NOW - 90 * SECOND })), ['pc-0'])
})

test('without the list of members nobody gets sick, or well', (t) => {
  const facts: Facts = { ...off(room, 0), etcd: 'unread' }
  t.deepEqual(sick(facts, watched(room, SILENT)), {})
  const before = { ...watched(room), sick: { 'pc-0': { as: 'EtcdSick', since: 7 } } } as const
  t.deepEqual(sick({ ...room, etcd: 'unread' }, before), before.sick)
})

const storm = (facts: Facts, before: State): string => look(facts, before).state.storm

test('too much at once is a storm, and so is the time after it', (t) => {
  t.is(storm(off(room, 0), watched(room, SILENT)), '')
  t.regex(storm(off(off(room, 0), 1), watched(room, { ...SILENT, 'pc-1': MINUTE })), /2 of 3 masters/)
  const five = well(5, 2)
  t.is(storm(off(off(five, 0), 1), watched(five, { 'pc-0': MINUTE, 'pc-1': MINUTE })), '')
  t.regex(storm(room, watched(room, { 'pc-2': MINUTE, 'pc-3': MINUTE, 'pc-4': MINUTE })), /3 of 5 PCs/)
  t.regex(storm({ ...room, latency: 7_000 }, watched(room)), /7 s/)
  const after = look({ ...room, latency: 7_000 }, watched(room)).state
  const at = (minute: number): Facts => ({
    ...room,
    nodes: room.nodes.map((node) => ({ ...node, renewTime: `minute ${minute}` })),
  })
  const until = (minutes: readonly number[]): State =>
    minutes.reduce((state, minute) => look(at(minute), state, NOW + minute * MINUTE).state, after)
  t.true(isStorm({ state: until([1, 2, 3, 4]), now: NOW + 4 * MINUTE }))
  const calm = until([1, 2, 3, 4, 5])
  t.false(isStorm({ state: calm, now: NOW + 5 * MINUTE }))
  t.is(calm.storm, '')
})

test('what a PC was like is remembered, and fades', (t) => {
  const before = watched(room, { 'pc-4': 2 * MINUTE })
  const { heard } = look(room, before).state
  t.is(heard['pc-4']?.silent, 5 * SECOND)
  t.is(heard['pc-3']?.silent, 0)
  const booted = look(withPc(room, 3, { bootId: 'other' }), before).state.heard['pc-3']
  t.is(booted?.reboots, 1)
  t.is(booted?.bootedSince, NOW)
  const old = look(room, {
    ...before,
    heard: { 'pc-3': { ...before.heard['pc-3'], watched: 40 * 24 * HOUR, reboots: 8 } as never },
  })
  t.is(old.state.heard['pc-3']?.reboots, 4)
})
