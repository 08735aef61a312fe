import test from 'ava'
import fc from 'fast-check'
import type { BridgeState, Desktop } from '../../gateway/desktops/desktop.ts'
import { queueOf, viewOf } from '../../gateway/desktops/view.ts'
import { type Action, decide, type Limits, SPARE_AFTER, WARN_BEFORE } from '../../gateway/keeper/decide.ts'

const NOW = 1_900_000_000_000
const MINUTE = 60_000
const IDLE = 30 * MINUTE
const LIMITS: Limits = {
  atMost: 3,
  startingAtOnce: 2,
  idle: () => IDLE,
  isOver: () => false,
  moveOf: () => undefined,
}

const off = (slug: string, more: Partial<Desktop> = {}): Desktop => ({
  slug,
  entryUUID: `entry of ${slug}`,
  template: 'office',
  version: '1',
  on: false,
  ...more,
})
const waiting = (slug: string, since: number) => off(slug, { waitingSince: NOW - since })
const on = (slug: string, more: Partial<Desktop> = {}): Desktop => ({
  ...off(slug),
  on: true,
  startedAt: NOW - 8 * 60 * MINUTE,
  pod: { name: `desktop-${slug}-1`, step: 'ready', pc: 'pc-1', made: NOW - 8 * 60 * MINUTE },
  ...more,
})
const coming = (slug: string, ago = 1_000) =>
  on(slug, { startedAt: NOW - ago, pod: { name: 'p', step: 'start', pc: 'pc-1', made: NOW - ago } })
const said = (...all: [string, number, number?][]): Map<string, BridgeState> =>
  new Map(all.map(([slug, idle, viewers = 0]) => [slug, { askedAt: NOW, lastInput: NOW - idle, viewers }]))
const run = (desktops: Desktop[], answers = said(), limits = LIMITS, now = NOW) =>
  decide(desktops, answers, limits, now)
const brief = (actions: Action[]) =>
  actions.map((action) => `${action.do} ${action.slug}${action.do === 'stop' ? ` ${action.why}` : ''}`)
/** Starts and stops alone. */
const switched = (actions: Action[]) => brief(actions.filter((action) => action.do !== 'note'))

test('who waits longest starts first, no more at once than the cap', (t) => {
  t.deepEqual(brief(run([waiting('c', 1), waiting('a', 3), waiting('b', 2)])), ['start a', 'start b'])
  t.deepEqual(brief(run([coming('x'), waiting('a', 3), waiting('b', 2)])), ['start a'])
})

test('a start that hangs keeps nobody back for ever', (t) => {
  const hanging = [coming('x', 100_000), coming('y', 100_000)]
  t.deepEqual(brief(run([...hanging, waiting('a', 1)])), ['start a'])
})

test('the room’s limit holds, and nobody is started twice', (t) => {
  t.deepEqual(brief(run([on('x'), on('y'), on('z'), waiting('a', 1)])), [])
  t.deepEqual(brief(run([on('x'), on('y')])), [])
})

test('an earlier pod that is still closing is waited for, but not one that is dead', (t) => {
  t.deepEqual(brief(run([off('a', { waitingSince: NOW - 5, endingSince: NOW - 5_000 }), waiting('b', 1)])), [
    'start b',
  ])
  t.deepEqual(brief(run([off('a', { waitingSince: NOW - 5, endingSince: NOW - 61_000 })])), ['start a'])
})

test('one that finds no PC takes its place in the queue and keeps its kind back, not other kinds', (t) => {
  const unschedulable = on('r', {
    startedAt: NOW - 9_000,
    pod: { name: 'p', step: 'unschedulable', made: NOW - 9_000 },
  })
  t.deepEqual(run([unschedulable, waiting('a', 5_000), { ...waiting('g', 1), template: 'light' }]), [
    { do: 'start', slug: 'g', version: '1' },
    { do: 'note', slug: 'r', version: '1', note: { waitingSince: NOW - 9_000 } },
  ])
  const placed = on('r', {
    waitingSince: NOW - 9_000,
    pod: { name: 'p', step: 'found', pc: 'pc-2', made: NOW - 9_000 },
  })
  t.deepEqual(run([placed]), [{ do: 'note', slug: 'r', version: '1', note: { waitingSince: null } }])
})

test('idle desktops that nobody watches make room: the longest idle first, no more than are needed', (t) => {
  const full = [on('x'), on('y'), on('z')]
  const answers = said(['x', 6 * MINUTE], ['y', 20 * MINUTE], ['z', 10 * MINUTE])
  t.deepEqual(switched(run([...full, waiting('a', 1)], answers)), ['stop y MadeRoom'])
  t.deepEqual(switched(run([...full, waiting('a', 2), waiting('b', 1)], answers)), [
    'stop y MadeRoom',
    'stop z MadeRoom',
  ])
  t.deepEqual(switched(run(full, answers)), [])
  // One that is ending already is room in a moment.
  t.deepEqual(switched(run([...full, off('e', { endingSince: NOW }), waiting('a', 1)], answers)), [])
})

test('a desktop that is watched, in use, or cannot be asked is not stopped to make room', (t) => {
  const full = [on('x'), on('y'), on('z'), waiting('a', 1)]
  t.deepEqual(switched(run(full, said(['x', 20 * MINUTE, 1], ['y', SPARE_AFTER - 1]))), [])
  const stale = new Map([['x', { askedAt: NOW - 3 * MINUTE, lastInput: NOW - 20 * MINUTE, viewers: 0 }]])
  t.deepEqual(switched(run(full, stale)), [])
})

test('idle: warned before the end, stopped at it, spared by input', (t) => {
  const watched = (idle: number) => said(['x', idle, 1])
  t.deepEqual(
    run([on('x', { lastInput: NOW - IDLE })], watched(IDLE - WARN_BEFORE - 1)).filter((a) => a.do !== 'note'),
    [],
  )
  const warned = run([on('x')], watched(IDLE - WARN_BEFORE + 1_000))
  t.like(warned[0], { do: 'note', note: { stopsAt: NOW + WARN_BEFORE - 1_000 } })
  t.deepEqual(brief(run([on('x', { stopsAt: NOW })], watched(IDLE))), ['stop x Idle'])
  const kept = run([on('x', { stopsAt: NOW + MINUTE, lastInput: NOW - IDLE })], watched(1_000))
  t.like(kept[0], { do: 'note', note: { stopsAt: null, lastInput: NOW - 1_000 } })
})

test('an end that was announced is not announced again because of rounding; real input moves it', (t) => {
  const announced = on('x', { stopsAt: NOW + 3 * MINUTE, lastInput: NOW - 27 * MINUTE })
  t.deepEqual(run([announced], said(['x', 27 * MINUTE - 900, 1])), [])
  t.like(run([announced], said(['x', 27 * MINUTE - 10_000, 1]))[0], {
    note: { stopsAt: NOW + 3 * MINUTE + 10_000 },
  })
})

test('nobody who watches is stopped without time to answer; who is away is not waited for', (t) => {
  const late = run([on('x')], said(['x', 2 * IDLE, 1]))
  t.like(late[0], { do: 'note', note: { stopsAt: NOW + MINUTE } })
  t.deepEqual(brief(run([on('x')], said(['x', 2 * IDLE]))), ['stop x Idle'])
})

test('who cannot be asked is not stopped, nor one that has just started', (t) => {
  t.deepEqual(run([on('x')], said()), [])
  const stale = new Map([['x', { askedAt: NOW - 3 * MINUTE, lastInput: NOW - 2 * IDLE, viewers: 0 }]])
  t.deepEqual(run([on('x')], stale), [])
  t.deepEqual(brief(run([on('x', { startedAt: NOW - MINUTE })], said(['x', 2 * IDLE]))), [])
})

test('input is written down once a minute, no more often', (t) => {
  t.deepEqual(run([on('x', { lastInput: NOW - 59_000 })], said(['x', 0, 1])), [])
  t.like(run([on('x', { lastInput: NOW - 61_000 })], said(['x', 0, 1]))[0], { note: { lastInput: NOW } })
})

const anyDesktop = fc.record({
  on: fc.boolean(),
  step: fc.constantFrom('asked', 'unschedulable', 'found', 'image', 'start', 'ready' as const),
  waited: fc.option(fc.nat(1_000_000), { nil: undefined }),
  started: fc.nat(8 * 60 * MINUTE),
  input: fc.option(fc.nat(2 * IDLE), { nil: undefined }),
  viewers: fc.nat(1),
  template: fc.constantFrom('office', 'light', 'gone'),
})

test('whatever the room is like: limits hold, the on are not started, the off not stopped, no one twice', (t) => {
  fc.assert(
    fc.property(
      fc.array(anyDesktop, { maxLength: 12 }),
      fc.nat(8),
      fc.nat(4),
      (all, atMost, startingAtOnce) => {
        const desktops = all.map(
          (one, i): Desktop => ({
            slug: `p${i}`,
            entryUUID: `entry of p${i}`,
            template: one.template,
            version: String(i),
            on: one.on,
            ...(one.waited === undefined ? {} : { waitingSince: NOW - one.waited }),
            ...(one.on
              ? { startedAt: NOW - one.started, pod: { name: 'p', step: one.step, made: NOW - one.started } }
              : {}),
          }),
        )
        const answers = said(
          ...all.flatMap((one, i): [string, number, number][] =>
            one.input === undefined ? [] : [[`p${i}`, one.input, one.viewers]],
          ),
        )
        const actions = run(desktops, answers, { ...LIMITS, atMost, startingAtOnce })
        const isOn = new Map(desktops.map((desktop) => [desktop.slug, desktop.on]))
        const starts = actions.filter((action) => action.do === 'start')
        const stops = actions.filter((action) => action.do === 'stop')
        const switched = [...starts, ...stops].map(({ slug }) => slug)
        const running = desktops.filter((desktop) => desktop.on).length
        return (
          new Set(switched).size === switched.length &&
          starts.every(({ slug }) => isOn.get(slug) === false) &&
          stops.every(({ slug }) => isOn.get(slug) === true && answers.has(slug)) &&
          (starts.length === 0 || running + starts.length <= atMost) &&
          starts.length <= startingAtOnce &&
          // Watched desktops end by their own idleness alone, and only when it was announced.
          stops.every(
            ({ slug, why }) =>
              answers.get(slug)?.viewers === 0 ||
              (why === 'Idle' && desktops.find((one) => one.slug === slug)?.stopsAt !== undefined),
          )
        )
      },
    ),
    { numRuns: 2_000 },
  )
  t.pass()
})

test('whoever is next and waits for nobody is not told of others', (t) => {
  t.like(viewOf(waiting('a', 3), [waiting('a', 3), on('x')], 9), { state: 'coming', step: 'asked' })
  t.like(viewOf(waiting('a', 3), [waiting('a', 3), coming('x')], 9), { why: 'turn', place: 1 })
  t.like(viewOf(waiting('a', 3), [waiting('a', 3), on('x')], 1), { why: 'full', place: 1 })
})

test('a place in the queue is told as it is', (t) => {
  const all = [waiting('b', 2), waiting('a', 3), on('x'), on('y'), on('z')]
  t.deepEqual(
    queueOf(all).map(({ slug }) => slug),
    ['a', 'b'],
  )
  t.like(viewOf(all[0], all, 3), { state: 'waiting', place: 2, of: 2, why: 'full' })
  t.like(viewOf(all[0], all, 9), { why: 'turn' })
  t.deepEqual(viewOf(undefined, all, 3), { state: 'off' })
  t.like(viewOf(on('x', { stopsAt: NOW }), all, 3), { state: 'ready', stopsAt: NOW })
  const moved = on('x', {
    startedAt: NOW - 600_000,
    pod: { name: 'q', step: 'start', pc: 'pc-2', made: NOW },
  })
  t.like(viewOf(moved, all, 3), { state: 'coming', again: true, pc: 'pc-2' })
})

test('who takes up more than they may is told once a day, while they are there and not as they sit down', (t) => {
  const over: Limits = { ...LIMITS, isOver: ({ slug }) => slug.startsWith('over') }
  const since = (ago: number) => ({
    pod: { name: 'p', step: 'ready', pc: 'pc-1', made: NOW - ago, readySince: NOW - ago } as const,
  })
  const here = since(10 * MINUTE)
  const told = (desktop: Desktop, viewers = 1) =>
    run([desktop], said([desktop.slug, 0, viewers]), over).some(
      (action) => action.do === 'note' && action.note.toldOverLimit === NOW,
    )
  t.true(told(on('over', here)))
  t.false(told(on('within', here)))
  t.false(told(on('over', here), 0), 'nobody looks')
  t.false(told(on('over', since(MINUTE))), 'they have just come')
  t.false(told(on('over', { ...here, toldOverLimit: NOW - 23 * 60 * MINUTE })))
  t.true(told(on('over', { ...here, toldOverLimit: NOW - 24 * 60 * MINUTE })))
  t.false(told(on('over', { ...here, stopsAt: NOW + MINUTE })), 'another message is on its way')
  t.false(told(off('over')))
  t.false(
    run([on('over', here)], said(), over).some(({ do: what }) => what === 'note'),
    'who cannot be asked',
  )
})

test('whoever has a desktop on a PC that is to be emptied is told, once for each time', (t) => {
  const limits = (operation: string): Limits => ({
    ...LIMITS,
    moveOf: (pc) => (pc === 'pc-1' ? { operation, at: NOW + MINUTE } : undefined),
  })
  const told = (desktop: Desktop, operation = 'replace-41') =>
    run([desktop], said(), limits(operation)).flatMap((action) =>
      action.do === 'note' && action.note.toldMove ? action.note.toldMove : [],
    )
  t.deepEqual(told(on('ada')), [{ operation: 'replace-41', at: NOW + MINUTE }])
  t.deepEqual(told(on('ada', { toldMove: 'replace-41' })), [])
  t.deepEqual(told(on('ada', { toldMove: 'replace-41' }), 'replace-42').length, 1)
  const elsewhere = { name: 'p', step: 'ready', pc: 'pc-2', made: NOW } as const
  t.deepEqual(told(on('ada', { pod: elsewhere })), [])
  t.deepEqual(told(coming('ada')), [], 'nobody sees it yet')
  t.deepEqual(told(off('ada')), [])
})
