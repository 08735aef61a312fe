import test from 'ava'
import { readCluster } from '../../config/read.ts'

/** Where homes are moved away from. */

const read = (storage: string) => {
  const text = `domain: room.test\nstorage: ${storage}\n`
  const outcome = readCluster({ name: 'cluster.yaml', text })
  return outcome.ok ? outcome.value.storage : outcome.findings.map(({ what }) => what)
}

test('a directory beside the volume, and nothing where nothing is moved', (t) => {
  t.like(read('{ from: { kind: path, path: /srv/homes } }'), { kind: 'gluster', from: '/srv/homes' })
  t.like(read('{ kind: gluster }'), { from: undefined })
})

test('mistakes are told where they stand', (t) => {
  t.deepEqual(read('{ from: { kind: path, path: /srv } }'), ['storage.from.path is /srv'])
  t.deepEqual(read('{ from: { kind: path, path: homes } }'), ['storage.from.path is "homes"'])
  t.deepEqual(read('{ kind: path, path: /srv/homes, from: { kind: path, path: /srv/old } }'), [
    'storage.from has no meaning here',
  ])
})
