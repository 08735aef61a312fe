import test from 'ava'
import { memoryOf, otherOfTwo, readVolume } from '../../../../storage/gluster/agent/stored.ts'

/** Which PCs the rule of two bricks is about, as the GlusterVolume has them. */

const volume = (bricks: readonly object[], memory: object = {}) =>
  readVolume({
    metadata: { name: 'home', resourceVersion: '1' },
    spec: { replicas: 2, spares: 0, replaceAfterSeconds: 60 },
    status: {
      sets: [{ bricks }],
      memory: {
        ...{
          epoch: 1,
          fenced: [],
          missing: {},
          members: {},
          whole: [],
          mayEmpty: {},
          balanced: 1,
          healAsked: 0,
        },
        ...memory,
      },
    },
  })

const ONE = { pc: 'pc-1', state: 'here', port: 49_152 }
const OTHER = { pc: 'pc-2', state: 'here', port: 49_153 }

test('of two, each has the other one', (t) => {
  t.deepEqual(otherOfTwo(volume([ONE, OTHER]), 'pc-1'), { pc: 'pc-2', port: 49_153 })
  t.deepEqual(otherOfTwo(volume([ONE, OTHER]), 'pc-2'), { pc: 'pc-1', port: 49_152 })
})

test('one that was not seen to listen is still the other one', (t) => {
  t.deepEqual(otherOfTwo(volume([ONE, { pc: 'pc-2', state: 'missing' }]), 'pc-1'), {
    pc: 'pc-2',
    port: undefined,
  })
})

test('three, two with an arbiter, and whoever has no brick follow another rule', (t) => {
  t.is(otherOfTwo(volume([ONE, OTHER, { pc: 'pc-3', state: 'here' }]), 'pc-1'), undefined)
  t.is(otherOfTwo(volume([ONE, { ...OTHER, arbiter: true }]), 'pc-1'), undefined)
  t.is(otherOfTwo(volume([ONE, OTHER]), 'pc-9'), undefined)
})

test('a memory that is older than the mark has nobody alone', (t) => {
  t.deepEqual(memoryOf(volume([ONE, OTHER])).alone, [])
  t.deepEqual(memoryOf(volume([ONE, OTHER], { alone: ['pc-1'] })).alone, ['pc-1'])
})
