import test from 'ava'
import type { LockNote } from '../../config/home-lock.ts'
import { earlyNotes, keepEarlyNotes } from '../../storage/mounter/early-notes.ts'
import { hear, silentPcs } from '../../storage/mounter/silence.ts'
import { fakeTime } from '../harness/clock.ts'
import { uuidOf } from './facts.ts'

/** Locks of desktops on a PC that has fallen silent are noted before these desktops start on another one. */

const said = (pc: string, renewed: string) => new Map([[pc, renewed]])

test('a PC is silent once its Lease has not changed for longer than a kubelet rests, by the clock of who looks', (t) => {
  let heard = hear(new Map(), said('pc-2', 'long ago'), 0)
  t.deepEqual(silentPcs(heard, 12_000), [], 'seen for the first time just now')
  heard = hear(heard, said('pc-2', 'long ago'), 12_001)
  t.deepEqual(silentPcs(heard, 12_001), ['pc-2'])
  heard = hear(heard, said('pc-2', 'again'), 12_002)
  t.deepEqual(silentPcs(heard, 12_002), [])
})

test('a PC that is no more is not silent', (t) => {
  const heard = hear(new Map(), said('pc-2', 'one'), 0)
  t.deepEqual(silentPcs(hear(heard, new Map(), 60_000), 60_000), [])
})

const note = (at: number, text: string): LockNote => ({ at, generation: 3, text })

test('of two notes that say the same the earlier one counts; another text begins anew; old ones are forgotten', (t) => {
  const notes = earlyNotes()
  notes.add('homes/a', note(1_000, 'x'))
  notes.add('homes/a', note(2_000, 'x'))
  t.is(notes.of('homes/a')?.at, 1_000)
  notes.add('homes/a', note(3_000, 'y'))
  t.is(notes.of('homes/a')?.at, 3_000)
  notes.add('homes/b', note(700_000, 'x'))
  t.is(notes.of('homes/a'), undefined)
})

test('the lock of a desktop on a silent PC is noted, of no other one; what fails is told, and tried again', async (t) => {
  const time = fakeTime()
  const clock = time.clock()
  const notes = earlyNotes()
  const end = new AbortController()
  const failures: unknown[] = []
  const looked: string[] = []
  let fails = true
  const homes: Readonly<Record<string, string>> = { ada: uuidOf(1), bob: uuidOf(2) }
  const work = {
    cluster: {
      heartbeats: async () =>
        new Map([
          ['pc-2', 'the last'],
          ['pc-3', String(clock.now())],
        ]),
      usedOn: async (pc: string) => (pc === 'pc-2' ? ['ada', 'gone'] : ['bob']),
      ready: async (slug: string) => {
        const entryUUID = homes[slug]
        return entryUUID === undefined ? undefined : { login: slug, entryUUID }
      },
    },
    directory: () => '/storage',
    notes,
    clock,
    failed: (error: unknown) => failures.push(error),
    look: async (home: string) => {
      looked.push(home)
      if (fails) throw new Error('no answer')
      return note(clock.now(), 'x')
    },
  }
  const kept = keepEarlyNotes(work, end.signal)
  await time.pass(18_000)
  t.deepEqual(failures.map(String), ['Error: no answer'])
  fails = false
  await time.pass(10_000)
  end.abort()
  await kept
  t.deepEqual([...new Set(looked)], [`/storage/homes/${uuidOf(1)}`])
  t.is(notes.of(`homes/${uuidOf(1)}`)?.at, 20_000)
  t.is(notes.of(`homes/${uuidOf(2)}`), undefined)
})
