import test from 'ava'
import { decide } from '../../storage/mounter/decide.ts'
import type { Mounts } from '../../storage/mounter/mounts.ts'
import { observe } from '../../storage/mounter/observe.ts'

const ada = { parent: 'u/ada', name: 'ada', source: 'homes/x', id: '1:1' }
const here = { parent: 'u/ada', name: 'ada', id: '1:1' }
const base = { wanted: [ada], used: new Set(['u/ada']), mounted: [], storage: true }

test('what pods need is mounted, what answers is left, what is dead is renewed', (t) => {
  t.deepEqual(decide(base).mount, [ada])
  t.deepEqual(decide({ ...base, mounted: [here] }), { detach: [], mount: [], move: [], release: [] })
  const dead = { ...here, id: undefined }
  t.deepEqual(decide({ ...base, mounted: [dead] }), { detach: [dead], mount: [ada], move: [], release: [] })
})

test('without the storage directory nothing is mounted and nothing is taken off by force', (t) => {
  const dead = { ...here, id: undefined }
  t.deepEqual(decide({ ...base, storage: false, mounted: [dead] }), {
    detach: [],
    mount: [],
    move: [],
    release: [],
  })
})

test('what no pod of this PC uses is released; what one uses stays, even if the person is gone', (t) => {
  t.deepEqual(decide({ ...base, wanted: [], used: new Set(), mounted: [here] }).release, [here])
  t.deepEqual(decide({ ...base, wanted: [], mounted: [here] }).release, [])
})

test("a former person's home gives way to that of the one who has the login now", (t) => {
  const former = { ...here, id: '1:2' }
  t.deepEqual(decide({ ...base, mounted: [former] }), { detach: [], mount: [], move: [], release: [former] })
  // Not ready yet: whoever runs there is the former person still.
  t.deepEqual(decide({ ...base, wanted: [], mounted: [former] }).release, [])
})

test('what another client of the volume still shows is the same home: left while used, shown anew where it is always shown', (t) => {
  const old = { ...here, old: true } as const
  t.deepEqual(decide({ ...base, mounted: [old] }), { detach: [], mount: [], move: [], release: [] })
  t.deepEqual(decide({ ...base, wanted: [], used: new Set(), mounted: [old] }).release, [old])
  const shared = { parent: 'shared', name: 'shared', source: 'shared', id: '1:3', always: true } as const
  const before = { parent: 'shared', name: 'shared', id: '1:3', old: true } as const
  t.deepEqual(decide({ ...base, wanted: [shared], used: new Set(['shared']), mounted: [before] }), {
    detach: [],
    mount: [],
    move: [shared],
    release: [],
  })
})

test('what only waits for its server is neither taken off nor mounted over', (t) => {
  const waits = { ...here, id: undefined, waits: true } as const
  for (const storage of [true, false]) {
    t.deepEqual(decide({ ...base, storage, mounted: [waits] }), {
      detach: [],
      mount: [],
      move: [],
      release: [],
    })
  }
  t.deepEqual(decide({ ...base, wanted: [], used: new Set(), mounted: [waits] }).release, [])
})

test('a volume without a marker is shown to whoever lays it, and nothing else of it', (t) => {
  const root = { parent: 'storage', name: 'home', source: '.', id: '1:1', always: true, bare: true } as const
  t.deepEqual(decide({ ...base, storage: false, wanted: [ada, root] }).mount, [root])
  const dead = { parent: 'storage', name: 'home', id: undefined }
  t.deepEqual(decide({ ...base, storage: false, wanted: [root], mounted: [dead] }).detach, [dead])
})

test('the shared folder that lies elsewhere now is shown anew below the directory that pods hold', (t) => {
  const shared = { parent: 'shared', name: 'shared', source: 'shared', id: '2:9', always: true } as const
  const before = { parent: 'shared', name: 'shared', id: '1:3' } as const
  t.deepEqual(decide({ ...base, wanted: [shared], used: new Set(['shared']), mounted: [before] }), {
    detach: [],
    mount: [],
    move: [shared],
    release: [],
  })
})

const lies = async (side: 'from' | 'here' | undefined, beside = true) => {
  const asked: string[] = []
  const cluster = {
    readable: () => true,
    used: () => new Set(['ada']),
    ready: async () => ({ login: 'ada', entryUUID: 'x' }),
    side: async (name: string) => {
      asked.push(name)
      return side
    },
    onChange: () => {},
    stop: async () => {},
  }
  const mounts = {
    storage: async () => true,
    list: async () => [],
    identify: async (wanted: readonly unknown[]) => wanted.map(() => '1:1'),
    beside: async () => beside,
  }
  const { observed, notReady } = await observe(cluster, mounts as unknown as Mounts)
  const shown = observed.wanted.map(({ parent, from }) => `${parent} ${from ? 'from' : 'here'}`)
  return { shown, asked, notReady }
}

test('of two storages a home is shown from that one on which its record says that it lies, and of none without', async (t) => {
  t.deepEqual((await lies('from')).shown, ['u/ada from', 'shared from'])
  t.deepEqual((await lies('here')).shown, ['u/ada here', 'shared here'])
  t.deepEqual(await lies(undefined), { shown: [], asked: ['x', 'shared'], notReady: 1 })
  t.deepEqual(await lies(undefined, false), { shown: ['u/ada here', 'shared here'], asked: [], notReady: 0 })
})
