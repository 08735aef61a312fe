import test from 'ava'
import { decide } from '../../storage/mounter/decide.ts'

const ada = { parent: 'u/ada', name: 'ada', source: 'homes/x', id: '1:1' }
const here = { parent: 'u/ada', name: 'ada', id: '1:1' }
const base = { wanted: [ada], used: new Set(['u/ada']), mounted: [], storage: true }

test('what pods need is mounted, what answers is left, what is dead is renewed', (t) => {
  t.deepEqual(decide(base).mount, [ada])
  t.deepEqual(decide({ ...base, mounted: [here] }), { detach: [], mount: [], release: [] })
  const dead = { ...here, id: undefined }
  t.deepEqual(decide({ ...base, mounted: [dead] }), { detach: [dead], mount: [ada], release: [] })
})

test('without the storage directory nothing is mounted and nothing is taken off by force', (t) => {
  const dead = { ...here, id: undefined }
  t.deepEqual(decide({ ...base, storage: false, mounted: [dead] }), { detach: [], mount: [], release: [] })
})

test('what no pod of this PC uses is released; what one uses stays, even if the person is gone', (t) => {
  t.deepEqual(decide({ ...base, wanted: [], used: new Set(), mounted: [here] }).release, [here])
  t.deepEqual(decide({ ...base, wanted: [], mounted: [here] }).release, [])
})

test("a former person's home gives way to that of the one who has the login now", (t) => {
  const former = { ...here, id: '1:2' }
  t.deepEqual(decide({ ...base, mounted: [former] }), { detach: [], mount: [], release: [former] })
  // Not ready yet: whoever runs there is the former person still.
  t.deepEqual(decide({ ...base, wanted: [], mounted: [former] }).release, [])
})
