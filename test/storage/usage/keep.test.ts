import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import type { UsageRecord, UsageStore } from '../../../cluster/storage-usage.ts'
import { systemClock } from '../../../service/clock.ts'
import { keepUsage, type Listing, type UsageWork } from '../../../storage/usage/keep.ts'

/** What is told where measuring or listing breaks off. */

const ADA = '0a4e8b7c-0000-4000-8000-000000000001'

function folder(t: { teardown(end: () => void): void }): string {
  const made = mkdtempSync(join(tmpdir(), 'deskfleet-keep-'))
  t.teardown(() => rmSync(made, { recursive: true, force: true }))
  mkdirSync(join(made, 'homes', ADA), { recursive: true })
  for (let n = 0; n < 50; n++) writeFileSync(join(made, 'homes', ADA, `${n}`), 'x')
  return made
}

function memory(): UsageStore & { readonly kept: Map<string, UsageRecord> } {
  const kept = new Map<string, UsageRecord>()
  return {
    kept,
    all: async () => [...kept].map(([name, record]) => ({ name, resourceVersion: '1', record })),
    async write(name, record) {
      kept.set(name, record)
    },
    async remove(name) {
      kept.delete(name)
    },
  }
}

/** Runs until that many times were measured or failed, or the clock was asked to rest. */
async function run(root: string, store: UsageStore, more: Partial<UsageWork> = {}) {
  const stop = new AbortController()
  const failures: string[] = []
  let measured = 0
  // Of the walk's own rests nothing is seen; between two looks it ends.
  const clock = {
    ...systemClock,
    sleep: async (ms: number) => {
      if (ms >= 1_000) stop.abort()
    },
  }
  await keepUsage(
    {
      clock,
      store,
      place: async () => ({ set: 1, pc: 'pc-1', beside: 0, walk: { way: [], folder: root, without: [] } }),
      list: async () => undefined,
      listener: {
        measured: () => void measured++,
        failed: (error) => void failures.push(error instanceof Error ? error.message : String(error)),
      },
      ...more,
    },
    stop.signal,
  )
  return { measured, failures }
}

const listing = (more: Partial<Listing> = {}) => {
  const seen = { added: 0, dropped: 0, kept: 0 }
  const made: Listing = {
    add: () => {
      seen.added++
      return undefined
    },
    keep: async (at) => {
      seen.kept++
      return { at: at.toISOString(), files: seen.added, homes: 1 }
    },
    drop: async () => {
      seen.dropped++
    },
    ...more,
  }
  return { seen, made }
}

const summary = (store: ReturnType<typeof memory>) => store.kept.get('set-1')

const indexOf = (store: ReturnType<typeof memory>) => {
  const told = summary(store)
  return told?.is === 'set' ? told.index : undefined
}

test('a list is made on the same way, and told with what was measured', async (t) => {
  const [root, store, { seen, made }] = [folder(t), memory(), listing()]
  t.deepEqual(await run(root, store, { list: async () => made }), { measured: 1, failures: [] })
  t.deepEqual(seen, { added: 50, dropped: 0, kept: 1 })
  t.like(summary(store), { homes: { files: 50 }, index: { files: 50 }, pc: 'pc-1' })
})

test('a list that fails is dropped once, what was listed before stays told, and so does what is taken up', async (t) => {
  const root = folder(t)
  for (const more of [
    { add: () => Promise.reject(new Error('no room')) },
    { keep: () => Promise.reject(new Error('no room')) },
  ]) {
    const store = memory()
    await run(root, store, { list: async () => listing().made })
    const before = indexOf(store)
    t.truthy(before)
    const { seen, made } = listing(more)
    const { measured, failures } = await run(root, store, { list: async () => made })
    t.deepEqual([measured, failures, seen.dropped], [1, ['no room'], 1])
    t.deepEqual(indexOf(store), before)
  }
})

test('a walk that breaks off writes nothing down, and drops its list', async (t) => {
  const [store, { seen, made }] = [memory(), listing()]
  const { measured, failures } = await run('/nowhere-at-all', store, { list: async () => made })
  t.is(measured, 0)
  t.regex(failures[0] ?? '', /cannot be gone through/)
  t.deepEqual([store.kept.size, seen.dropped, seen.kept], [0, 1, 0])
})

test('whoever has nothing to measure does nothing', async (t) => {
  const store = memory()
  t.deepEqual(await run('/', store, { place: async () => undefined }), { measured: 0, failures: [] })
  t.is(store.kept.size, 0)
})
