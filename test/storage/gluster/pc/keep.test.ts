import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { newAuthority } from '../../../../certificates/authority.ts'
import { newRevocations, serialOf } from '../../../../certificates/revocation.ts'
import { systemClock } from '../../../../service/clock.ts'
import { newBell } from '../../../../service/turns.ts'
import { NEW_MEMORY } from '../../../../storage/gluster/agent/stored.ts'
import { layRevocations } from '../../../../storage/gluster/pc/glusterd.ts'
import { keepPc } from '../../../../storage/gluster/pc/keep.ts'
import { temporaryFolder } from '../../../harness/temporary-folder.ts'

/** In which order a PC's agent does what it does. */

const PLACES = { brick: '/brick', state: '/state', tls: '/tls' }
const NOW = new Date()

async function emptyPc() {
  const root = temporaryFolder()
  for (const folder of ['proc', 'state', 'tls']) mkdirSync(join(root, folder))
  const authority = await newAuthority({ name: 'Deskfleet authority of the Gluster pool' }, NOW)
  const list = await newRevocations(authority, [], undefined, NOW)
  for (const file of ['glusterfs.key', 'glusterfs.pem']) writeFileSync(join(root, 'tls', file), 'it')
  const trust = (lists: string): void =>
    writeFileSync(join(root, 'tls', 'glusterfs.ca'), `${authority.certificate}${lists}`)
  trust(list)
  return { root, authority, list, trust, lists: () => readdirSync(join(root, 'state', 'crl')).sort() }
}

/** One pass over a PC on which every program only writes down that it ran. */
async function passOver(root: string, publish: () => Promise<void>): Promise<void> {
  const stopping = new AbortController()
  const way = ['sh', '-c', `echo "ran $0" >>${join(root, 'log')}`]
  const once = (): void => stopping.abort()
  await keepPc(
    {
      me: 'pc-1',
      inside: { root, way },
      places: PLACES,
      clock: systemClock,
      memory: () => NEW_MEMORY,
      names: () => true,
      mayServe: () => true,
      publish,
      listener: { passed: once, failed: () => {} },
      bell: newBell(),
    },
    stopping.signal,
  )
}

const told = (root: string): string[] => readFileSync(join(root, 'log'), 'utf8').trim().split('\n')
const noted = (root: string) => async (): Promise<void> =>
  writeFileSync(join(root, 'log'), 'told\n', { flag: 'a' })

test('the room is told which disk a PC has before its glusterd can be heard', async (t: ExecutionContext) => {
  const { root } = await emptyPc()
  await passOver(root, noted(root))
  t.deepEqual(told(root).slice(0, 2), ['told', 'ran glusterd'])
})

test('what cannot be told keeps glusterd from being started', async (t) => {
  const { root } = await emptyPc()
  writeFileSync(join(root, 'log'), '')
  await passOver(root, () => Promise.reject(new Error('no API server')))
  t.deepEqual(told(root), [''])
})

test('glusterd begins with the newest list of what counts no more, and gets each further one beside it', async (t) => {
  const { root, authority, list, trust, lists } = await emptyPc()
  await layRevocations({ root }, PLACES)
  await layRevocations({ root }, PLACES)
  t.deepEqual(lists(), ['8157367e.r0'])
  const next = await newRevocations(authority, [serialOf(authority.certificate)], list, NOW)
  trust(next)
  await layRevocations({ root }, PLACES)
  t.deepEqual(lists(), ['8157367e.r0', '8157367e.r1'])
  t.is(readFileSync(join(root, 'state/crl/8157367e.r1'), 'utf8'), next)
  await layRevocations({ root }, PLACES, true)
  t.deepEqual(lists(), ['8157367e.r0'])
  t.is(readFileSync(join(root, 'state/crl/8157367e.r0'), 'utf8'), next)
})

test('without a list glusterd is not started: it would accept nobody', async (t) => {
  const { root, trust } = await emptyPc()
  trust('')
  await passOver(root, noted(root))
  t.deepEqual(told(root), ['told'])
})
