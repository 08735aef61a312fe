import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { confirmByBridge } from '../../gateway/desktops/confirm.ts'
import type { BridgeProgress, Desktop, DesktopPod } from '../../gateway/desktops/desktop.ts'
import type { Desktops } from '../../gateway/desktops/desktops.ts'
import { systemClock } from '../../service/clock.ts'
import { eventually } from '../harness/wait.ts'

const POD: DesktopPod = { name: 'desktop-ada-1', step: 'start', address: '10.0.0.7', made: Date.now() }

const ADA = { slug: 'ada', entryUUID: 'entry of ada' }

const desktop = (pod: Partial<DesktopPod> = {}): Desktop => ({
  ...ADA,
  template: 'light',
  version: '1',
  on: true,
  pod: { ...POD, made: Date.now(), ...pod },
})

/** Desktops as the cluster shows them, which a test changes by hand. */
function shown(first: Desktop): Desktops & { become(next: Desktop): void } {
  let now = first
  const listeners = new Set<() => void>()
  return {
    all: () => [now],
    of: ({ slug }) => (slug === now.slug ? now : undefined),
    named: (slug) => (slug === now.slug ? now : undefined),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    become(next) {
      now = next
      for (const listener of listeners) listener()
    },
  }
}

const stepOf = (desktops: Desktops) => desktops.of(ADA)?.pod?.step

test('a bridge that says so is believed before its PC is, and listeners hear of it', async (t) => {
  const over = new AbortController()
  const cluster = shown(desktop())
  let there = false
  const early = confirmByBridge(cluster, async () => (there ? 'ready' : 'starting'), systemClock, over.signal)
  let heard = 0
  early.onChange(() => heard++)
  await sleep(400)
  t.is(stepOf(early), 'start')
  t.is(heard, 0)
  there = true
  t.true(await eventually('the change is told', () => heard > 0, { every: 10 }))
  t.is(stepOf(early), 'ready')
  t.is(early.all()[0]?.pod?.step, 'ready')
  t.is(stepOf(cluster), 'start')
  over.abort()
})

test('when the PC has said it once, a desktop that falls is not called ready any more', async (t) => {
  const over = new AbortController()
  const cluster = shown(desktop())
  let there = true
  const early = confirmByBridge(cluster, async () => (there ? 'ready' : 'starting'), systemClock, over.signal)
  t.true(await eventually('the desktop is ready', () => stepOf(early) === 'ready', { every: 10 }))
  there = false
  cluster.become(desktop({ step: 'ready' }))
  t.is(stepOf(early), 'ready')
  cluster.become(desktop())
  await sleep(300)
  t.is(stepOf(early), 'start')
  over.abort()
})

test('a desktop that is off, has no address, is in trouble, or ready is not asked', async (t) => {
  const over = new AbortController()
  let asked = 0
  const ask = async (): Promise<BridgeProgress> => {
    asked++
    return 'ready'
  }
  for (const one of [
    { ...desktop(), on: false },
    { ...desktop(), pod: { name: 'p', step: 'start' as const, made: Date.now() } },
    desktop({ fault: { kind: 'crash', detail: '' } }),
    desktop({ step: 'ready' }),
    desktop({ step: 'found' }),
  ]) {
    const early = confirmByBridge(shown(one), ask, systemClock, over.signal)
    await sleep(200)
    t.deepEqual(early.of(ADA), one)
  }
  t.is(asked, 0)
  confirmByBridge(shown(desktop()), ask, systemClock, over.signal)
  t.true(await eventually('the twin is asked', () => asked > 0, { every: 10 }), 'the twin is asked')
  over.abort()
})

test('an answer that comes when another pod counts is nobody’s; a bridge that hangs is asked once', async (t) => {
  const over = new AbortController()
  const cluster = shown(desktop())
  const answer = Promise.withResolvers<BridgeProgress>()
  let asked = 0
  const early = confirmByBridge(
    cluster,
    async () => (asked++ === 0 ? answer.promise : 'starting'),
    systemClock,
    over.signal,
  )
  t.true(await eventually('the pod is asked', () => asked === 1, { every: 10 }))
  await sleep(400)
  t.is(asked, 1)
  cluster.become(desktop({ name: 'desktop-ada-2' }))
  answer.resolve('ready')
  t.true(
    await eventually('the new pod is asked', () => asked > 1, { every: 10 }),
    'the new pod is asked for itself',
  )
  t.is(stepOf(early), 'start')
  over.abort()
})

test('that another pod holds the home is reported for as long as it does, however old the pod', async (t) => {
  const over = new AbortController()
  const cluster = shown(desktop())
  let word: BridgeProgress = 'held'
  let silent = false
  const ask = async (): Promise<BridgeProgress> => {
    if (silent) throw new Error('no answer')
    return word
  }
  const early = confirmByBridge(cluster, ask, systemClock, over.signal)
  const fault = () => early.of(ADA)?.pod?.fault?.kind
  t.true(await eventually('the home is held', () => fault() === 'held', { every: 10 }))
  cluster.become(desktop({ made: Date.now() - 61_000 }))
  await sleep(300)
  t.is(fault(), 'held')
  t.is(stepOf(early), 'start')
  silent = true
  await sleep(2_500)
  t.is(fault(), 'held', 'one that is not heard is where it was')
  silent = false
  word = 'starting'
  t.true(await eventually('nothing is in the way', () => fault() === undefined, { every: 10 }))
  over.abort()
})

test('an old pod is not believed to be ready, but what is in its way is told as long as it is', async (t) => {
  const over = new AbortController()
  const made = Date.now() - 61_000
  let word: BridgeProgress = 'ready'
  let asked = 0
  const clock = { ...systemClock, sleep: () => sleep(10) }
  const ask = async (): Promise<BridgeProgress> => {
    asked++
    return word
  }
  let now = 0
  const cluster = shown(desktop({ made }))
  const early = confirmByBridge(cluster, ask, { ...clock, now: () => now }, over.signal)
  t.true(await eventually('it is asked', () => asked === 1, { every: 10 }))
  await sleep(100)
  t.is(asked, 1, 'seldom')
  t.is(stepOf(early), 'start')
  for (const next of ['full', 'quota', 'session', 'lock', 'home'] as const) {
    word = next
    now += 2_000
    const fault = () => early.of(ADA)?.pod?.fault?.kind
    t.true(await eventually(`${next} is told`, () => fault() === next, { every: 10 }))
  }
  word = 'starting'
  now += 2_000
  t.true(await eventually('nothing is in the way', () => !early.of(ADA)?.pod?.fault, { every: 10 }))
  over.abort()
})
