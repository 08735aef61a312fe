import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { V1CertificateSigningRequest } from '@kubernetes/client-node'
import test from 'ava'
import { newAuthority } from '../../../certificates/authority.ts'
import { type Pair, YEAR } from '../../../certificates/issue.ts'
import { decide as judge, MOUNTER } from '../../../certificates/keeper/requests/decide.ts'
import { readAsked } from '../../../certificates/keeper/requests/read.ts'
import { newMember, readMember } from '../../../certificates/member.ts'
import { act } from '../../../storage/certificate/act.ts'
import type { PoolCluster } from '../../../storage/certificate/cluster.ts'
import { decide, PATIENCE } from '../../../storage/certificate/decide.ts'
import type { Memory, Verdict } from '../../../storage/certificate/facts.ts'
import { type Files, filesIn } from '../../../storage/certificate/files.ts'
import { observe } from '../../../storage/certificate/observe.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'

/**
 * A PC and the cluster that answers it, with real files and certificates. The API server is the one of
 * member.lab.test.ts; here is one that can be made to fail at every single call.
 */

const NODE = 'pc-1'

interface Room {
  readonly directory: string
  wall: number
  now: number
  authority: Pair
  readonly requests: Map<string, V1CertificateSigningRequest>
  /** Asked before each call and each write: what it throws is what became of it. */
  trouble: (what: string) => void
  look(): Promise<Verdict>
  /** Looks until nothing is to be done; a look that fails is followed by another one. */
  settle(): Promise<Verdict>
  /** Time goes by. */
  pass(ms: number): void
  /** As if the program were started anew. */
  restart(): void
}

async function room(directory: string): Promise<Room> {
  let memory: Memory = {}
  const made: Room = {
    directory,
    wall: Date.parse('2030-01-01'),
    now: 0,
    authority: await newAuthority({ name: 'pool' }, new Date('2030-01-01')),
    requests: new Map(),
    trouble: () => {},
    async look() {
      const seen = await observe(files, cluster, NODE, { wall: made.wall, now: made.now })
      const verdict = decide(seen.facts, memory)
      memory = verdict.memory
      if (verdict.step) await act(verdict.step, seen, files, cluster)
      made.now += 1_000
      return verdict
    },
    async settle() {
      for (let looks = 0; looks < 200; looks++) {
        const verdict = await made.look().catch(() => undefined)
        await answerAll(made)
        if (verdict && verdict.step === undefined && verdict.usable && verdict.waitsFor === undefined)
          return verdict
      }
      throw new Error('it does not come to rest')
    },
    pass(ms) {
      made.wall += ms
      made.now += ms
    },
    restart() {
      memory = {}
    },
  }
  const cluster: PoolCluster = {
    async authorities() {
      made.trouble('authorities')
      return made.authority.certificate
    },
    async request(name) {
      made.trouble('request')
      return made.requests.get(name)
    },
    async ask(name, request) {
      made.trouble('ask')
      if (!made.requests.has(name)) made.requests.set(name, requestOf(name, request))
      made.trouble('the answer to ask')
    },
  }
  const own = filesIn(directory)
  const files: Files = {
    read: own.read,
    async write(texts) {
      // A crash between any two files: each of them is whole, and the rest is as it was.
      for (const [name, text] of Object.entries(texts)) {
        made.trouble(`write ${name}`)
        await own.write({ [name]: text })
      }
    },
    async remove(name) {
      made.trouble(`remove ${name}`)
      await own.remove(name)
    },
  }
  return made
}

const requestOf = (name: string, request: string): V1CertificateSigningRequest => ({
  metadata: { name },
  spec: {
    signerName: 'deskfleet.io/gluster',
    username: MOUNTER,
    extra: { 'authentication.kubernetes.io/node-name': [NODE] },
    usages: ['digital signature', 'server auth', 'client auth'],
    request: Buffer.from(request).toString('base64'),
  },
})

async function answerAll({ requests, authority, wall }: Room): Promise<void> {
  for (const request of requests.values()) {
    if (request.status) continue
    const verdict = judge(await readAsked(request))
    request.status =
      verdict.answer === 'sign'
        ? {
            certificate: Buffer.from(
              await newMember(authority, verdict.node, verdict.publicKey, new Date(wall)),
            ).toString('base64'),
          }
        : { conditions: [{ type: 'Denied', status: 'True', reason: verdict.reason }] }
  }
}

const FILES = ['glusterfs.ca', 'glusterfs.key', 'glusterfs.pem']

async function lies({ directory }: Room) {
  const [authorities = '', key = '', certificate = ''] = await Promise.all(
    FILES.map((name) => readFile(join(directory, name), 'utf8')),
  )
  return { authorities, key, certificate }
}

test('a PC without anything has its three files, for root alone, and asked once', async (t) => {
  const pc = await room(join(temporaryFolder(), 'tls'))
  await pc.settle()
  t.deepEqual((await readdir(pc.directory)).sort(), FILES)
  for (const name of FILES) t.is((await stat(join(pc.directory, name))).mode & 0o777, 0o600)
  t.is((await stat(pc.directory)).mode & 0o777, 0o700)
  const { authorities, ...pair } = await lies(pc)
  t.is(authorities.trim(), pc.authority.certificate.trim())
  const read = readMember(pair, NODE)
  t.true('signedBy' in read && read.signedBy([pc.authority.certificate]))
  t.is(pc.requests.size, 1)
  t.false(JSON.stringify([...pc.requests.values()]).includes('PRIVATE'))
})

test('whatever fails, is lost or ends in between, it comes to rest with one whole set', async (t) => {
  const folder = temporaryFolder()
  /** All that happens on the way, in its order, of a first start and of a renewal. */
  const way: string[] = []
  const quiet = await room(join(folder, 'quiet'))
  quiet.trouble = (what) => void way.push(what)
  await quiet.settle()
  quiet.pass(YEAR)
  await quiet.settle()
  t.true(way.length > 20)
  for (const lasts of [1, 3])
    for (let at = 0; at < way.length; at++) {
      const pc = await room(join(folder, `${lasts}-${at}`))
      let calls = 0
      pc.trouble = (what) => {
        if (calls++ >= at && calls <= at + lasts) {
          pc.restart()
          throw new Error(`lost: ${what}`)
        }
      }
      await pc.settle()
      pc.pass(YEAR)
      await pc.settle()
      const { authorities: _, ...pair } = await lies(pc)
      const read = readMember(pair, NODE)
      t.true('notBefore' in read && read.notBefore > Date.parse('2030-06-01'), way[at])
      t.deepEqual((await readdir(pc.directory)).sort(), FILES, way[at])
      t.true(pc.requests.size <= 3, `${way[at]}: ${pc.requests.size} requests`)
    }
})

test('half of its life before its end there is another key; the former serves until then', async (t) => {
  const pc = await room(temporaryFolder())
  await pc.settle()
  const first = await lies(pc)
  pc.pass(YEAR - 3 * 60 * 60 * 1_000)
  await pc.settle()
  t.deepEqual(await lies(pc), first)
  pc.pass(3 * 60 * 60 * 1_000)
  for (let looks = 0; looks < 10; looks++) t.true((await pc.look()).usable)
  t.deepEqual(await lies(pc), first, 'nobody has answered yet')
  await pc.settle()
  const second = await lies(pc)
  t.not(second.key, first.key)
  t.not(second.certificate, first.certificate)
})

test('whatever is damaged is replaced, and what is good is left', async (t) => {
  const pc = await room(temporaryFolder())
  await pc.settle()
  const at = (name: string) => join(pc.directory, name)
  const damages: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['no key', () => rm(at('glusterfs.key'))],
    ['no certificate', () => rm(at('glusterfs.pem'))],
    ['an empty key', () => writeFile(at('glusterfs.key'), '')],
    [
      'half a certificate',
      async () => writeFile(at('glusterfs.pem'), (await lies(pc)).certificate.slice(0, 200)),
    ],
    ['a key that others may read', () => chmod(at('glusterfs.key'), 0o644)],
    [
      'a folder in its place',
      async () => {
        await rm(at('glusterfs.pem'))
        await mkdir(at('glusterfs.pem'))
      },
    ],
    ['bytes', () => writeFile(at('glusterfs.key'), Buffer.alloc(5_000, 0xff))],
    [
      'another PC’s',
      async () => {
        const asked = judge(await readAsked([...pc.requests.values()][0] as V1CertificateSigningRequest))
        if (asked.answer === 'sign')
          await writeFile(
            at('glusterfs.pem'),
            await newMember(pc.authority, 'pc-2', asked.publicKey, new Date(pc.wall)),
          )
      },
    ],
  ]
  for (const [what, damage] of damages) {
    await damage()
    t.false((await pc.look()).usable, what)
    await pc.settle()
    const read = readMember(await lies(pc), NODE)
    t.true('notBefore' in read, what)
    t.is((await stat(at('glusterfs.key'))).mode & 0o777, 0o600, what)
  }
  const { key, certificate } = await lies(pc)
  for (const spoil of [() => rm(at('glusterfs.ca')), () => writeFile(at('glusterfs.ca'), 'nonsense')]) {
    await spoil()
    await pc.settle()
    t.deepEqual(await lies(pc), { key, certificate, authorities: `${pc.authority.certificate.trim()}\n` })
  }
})

test('another authority of the room is followed; a silent cluster takes nothing away', async (t) => {
  const pc = await room(temporaryFolder())
  await pc.settle()
  const first = await lies(pc)
  pc.trouble = (what) => {
    if (!what.includes(' ')) throw new Error('the API server does not answer')
  }
  pc.restart()
  t.like(await pc.look(), { step: undefined, usable: true, waitsFor: undefined })
  pc.wall += YEAR
  t.like(await pc.look(), { step: undefined, usable: true, waitsFor: 'the API server does not answer' })
  t.deepEqual(await lies(pc), first)
  pc.wall -= YEAR
  pc.trouble = () => {}
  pc.authority = await newAuthority({ name: 'pool' }, new Date(pc.wall))
  await pc.settle()
  const second = await lies(pc)
  t.not(second.key, first.key)
  t.is(second.authorities.trim(), pc.authority.certificate.trim())
})

test('a clock that is more than a year ahead makes no flood of requests', async (t) => {
  const pc = await room(temporaryFolder())
  await pc.settle()
  pc.wall += 1.5 * YEAR
  pc.restart()
  const keeperIs = pc.wall - 1.5 * YEAR
  for (let looks = 0; looks < 100; looks++) {
    t.true((await pc.look()).usable)
    await answerAll({ ...pc, wall: keeperIs })
  }
  t.is(pc.requests.size, 2)
})

test('a denial is said and asked again with another key after a while, and not before', async (t) => {
  const pc = await room(temporaryFolder())
  const look = async () => (await pc.look()).waitsFor
  await look()
  await look()
  for (const request of pc.requests.values())
    request.status = {
      conditions: [{ type: 'Denied', status: 'True', reason: 'AnotherPC', message: 'it asks for pc-2' }],
    }
  t.regex((await look()) ?? '', /brought nothing: AnotherPC: it asks for pc-2/)
  for (let looks = 0; looks < 100; looks++) await look()
  t.is(pc.requests.size, 1)
  pc.now += PATIENCE
  await pc.settle()
  t.is(pc.requests.size, 2)
})

test('a certificate that is not for this PC and this key is never laid', async (t) => {
  const pc = await room(temporaryFolder())
  const stranger = await newAuthority({ name: 'pool' }, new Date(pc.wall))
  await pc.look()
  await pc.look()
  const [request] = pc.requests.values()
  const asked = request && judge(await readAsked(request))
  if (!request || asked?.answer !== 'sign') return t.fail('nothing was asked')
  const { publicKey } = asked
  const at = new Date(pc.wall)
  const other = crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
  const otherKey = new Uint8Array(await crypto.subtle.exportKey('spki', (await other).publicKey))
  for (const given of [
    await newMember(pc.authority, 'pc-2', publicKey, at),
    await newMember(pc.authority, NODE, otherKey, at),
    await newMember(stranger, NODE, publicKey, at),
    await newMember(pc.authority, NODE, publicKey, new Date(pc.wall - 3 * YEAR)),
    pc.authority.certificate,
    'nonsense',
  ]) {
    request.status = { certificate: Buffer.from(given).toString('base64') }
    t.regex((await pc.look()).waitsFor ?? '', /brought nothing: what was given cannot be used: it/)
    t.deepEqual(await readdir(pc.directory), ['next.key'])
  }
})
