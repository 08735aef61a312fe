import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { answerOf } from '../../../../storage/gluster/glusterd/call.ts'
import { bricksIn, healIn, peersIn, volumeIn } from '../../../../storage/gluster/glusterd/read.ts'
import { readXml, UnreadableAnswer } from '../../../../storage/gluster/glusterd/xml.ts'

/** Answers of Gluster 11.1, as it gave them to the lab. */
const recorded = (name: string): string => readFileSync(join(import.meta.dirname, 'recorded', name), 'utf8')
const output = (name: string) => readXml(recorded(`${name}.xml`), 'cliOutput')

test('the pool names the PC that was asked, and the others as they were probed', (t) => {
  const peers = peersIn(output('pool-list'), 'pc-1')
  t.deepEqual(
    peers.map(({ name, connected, state }) => ({ name, connected, state })),
    ['pc-2', 'pc-3', 'pc-1'].map((name) => ({ name, connected: true, state: 'Peer in Cluster' })),
  )
})

test('a volume is what it is made of, and one that is not there is none', (t) => {
  const volume = volumeIn(output('volume-info'), 'home')
  t.like(volume, { status: 'started', width: 3, arbiters: 0 })
  t.deepEqual(volume?.bricks.at(-1), { pc: 'pc-3', path: '/brick/home' })
  t.is(volume?.options['auth.ssl-allow'], 'pc-1,pc-2,pc-3,desk')
  t.is(volumeIn(output('volume-info'), 'other'), undefined)
  t.is(volumeIn(output('volume-info-none'), 'home'), undefined)
})

test('bricks that run have a port and room', (t) => {
  const [brick] = bricksIn(output('status-detail'), 'home')
  t.like(brick, { pc: 'pc-1', path: '/brick/home', online: true, bytes: 352321536 })
  t.throws(() => bricksIn(output('status-detail'), 'other'), { instanceOf: UnreadableAnswer })
})

test('a brick that did not answer about healing has no numbers', (t) => {
  t.deepEqual(
    healIn(output('heal-summary')).map(({ answered, pending }) => ({ answered, pending })),
    Array.from({ length: 3 }, () => ({ answered: true, pending: 0 })),
  )
  t.like(healIn(output('heal-summary-one-off'))[2], { pc: 'pc-3', answered: false })
})

test('refusals, and changes that are under way, are told by their words', (t) => {
  t.is(answerOf(0, recorded('busy.xml'), '').is, 'busy')
  t.is(answerOf(0, recorded('refused.xml'), '').is, 'refused')
  t.is(answerOf(1, recorded('rebalance-of-one-set.xml'), '').is, 'refused')
  t.is(answerOf(1, '', recorded('timed-out.txt')).is, 'lost')
})

test('what is not in an answer is an error, never an empty fact', (t) => {
  const damaged = recorded('volume-info.xml').replace(/<replicaCount>.*?<\/replicaCount>/, '')
  t.throws(() => volumeIn(readXml(damaged, 'cliOutput'), 'home'), { instanceOf: UnreadableAnswer })
  const strange = recorded('volume-info.xml').replace('Started', 'Dreaming')
  t.throws(() => volumeIn(readXml(strange, 'cliOutput'), 'home'), { instanceOf: UnreadableAnswer })
})
