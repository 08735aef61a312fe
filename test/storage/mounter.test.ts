import test from 'ava'
import { decide } from '../../storage/mounter/decide.ts'

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
