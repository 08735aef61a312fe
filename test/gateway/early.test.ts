import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import type { Desktop, DesktopPod } from '../../gateway/desktops/desktop.ts'
import type { Desktops } from '../../gateway/desktops/desktops.ts'
import { type Word, withEarlyWord } from '../../gateway/desktops/early.ts'
import { systemClock } from '../../lease/clock.ts'

const POD: DesktopPod = { name: 'desktop-ada-1', step: 'start', address: '10.0.0.7', made: Date.now() }

const desktop = (pod: Partial<DesktopPod> = {}): Desktop => ({
  slug: 'ada',
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
    of: (slug) => (slug === now.slug ? now : undefined),
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

async function within(seconds: number, is: () => boolean): Promise<boolean> {
  for (const until = Date.now() + seconds * 1000; Date.now() < until; await sleep(10)) if (is()) return true
  return false
}

const stepOf = (desktops: Desktops) => desktops.of('ada')?.pod?.step

test('a bridge that says so is believed before its PC is, and listeners hear of it', async (t) => {
  const over = new AbortController()
  const cluster = shown(desktop())
  let there = false
  const early = withEarlyWord(cluster, async () => (there ? 'ready' : 'starting'), systemClock, over.signal)
  let heard = 0
  early.onChange(() => heard++)
  await sleep(400)
  t.is(stepOf(early), 'start')
  t.is(heard, 0)
  there = true
  t.true(await within(60, () => heard > 0))
  t.is(stepOf(early), 'ready')
  t.is(early.all()[0]?.pod?.step, 'ready')
  t.is(stepOf(cluster), 'start')
  over.abort()
})

test('when the PC has said it once, a desktop that falls is not called ready any more', async (t) => {
  const over = new AbortController()
  const cluster = shown(desktop())
  let there = true
  const early = withEarlyWord(cluster, async () => (there ? 'ready' : 'starting'), systemClock, over.signal)
  t.true(await within(60, () => stepOf(early) === 'ready'))
  there = false
  cluster.become(desktop({ step: 'ready' }))
  t.is(stepOf(early), 'ready')
  cluster.become(desktop())
  await sleep(300)
  t.is(stepOf(early), 'start')
  over.abort()
})

test('nobody is asked who is off, has no address, is in trouble, is too old, or is ready', async (t) => {
  const over = new AbortController()
  let asked = 0
  const ask = async (): Promise<Word> => {
    asked++
    return 'ready'
  }
  for (const one of [
    { ...desktop(), on: false },
    { ...desktop(), pod: { name: 'p', step: 'start' as const, made: Date.now() } },
    desktop({ fault: { kind: 'crash', detail: '' } }),
    desktop({ made: Date.now() - 61_000 }),
    desktop({ step: 'ready' }),
    desktop({ step: 'found' }),
  ]) {
    const early = withEarlyWord(shown(one), ask, systemClock, over.signal)
    await sleep(200)
    t.deepEqual(early.of('ada'), one)
  }
  t.is(asked, 0)
  withEarlyWord(shown(desktop()), ask, systemClock, over.signal)
  t.true(await within(60, () => asked > 0), 'the twin is asked')
  over.abort()
})

test('an answer that comes when another pod counts is nobody’s; a bridge that hangs is asked once', async (t) => {
  const over = new AbortController()
  const cluster = shown(desktop())
  const answer = Promise.withResolvers<Word>()
  let asked = 0
  const early = withEarlyWord(
    cluster,
    async () => (asked++ === 0 ? answer.promise : 'starting'),
    systemClock,
    over.signal,
  )
  t.true(await within(60, () => asked === 1))
  await sleep(400)
  t.is(asked, 1)
  cluster.become(desktop({ name: 'desktop-ada-2' }))
  answer.resolve('ready')
  t.true(await within(60, () => asked > 1), 'the new pod is asked for itself')
  t.is(stepOf(early), 'start')
  over.abort()
})

test('a home in other hands is told for as long as it is, however old the pod', async (t) => {
  const over = new AbortController()
  const cluster = shown(desktop())
  let word: Word = 'held'
  let silent = false
  const ask = async (): Promise<Word> => {
    if (silent) throw new Error('no answer')
    return word
  }
  const early = withEarlyWord(cluster, ask, systemClock, over.signal)
  const fault = () => early.of('ada')?.pod?.fault?.kind
  t.true(await within(60, () => fault() === 'held'))
  cluster.become(desktop({ made: Date.now() - 61_000 }))
  await sleep(300)
  t.is(fault(), 'held')
  t.is(stepOf(early), 'start')
  silent = true
  await sleep(2_500)
  t.is(fault(), 'held', 'one that is not heard is where it was')
  silent = false
  word = 'starting'
  t.true(await within(60, () => fault() === undefined))
  over.abort()
})
