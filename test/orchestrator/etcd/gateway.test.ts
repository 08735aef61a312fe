import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { join } from 'node:path'
import test from 'ava'
import { z } from 'zod'
import { openGateway } from '../../../orchestrator/etcd/gateway.ts'
import { removeMember } from '../../../orchestrator/etcd/members.ts'
import { takeSnapshot } from '../../../orchestrator/etcd/snapshot.ts'
import { rangeOf } from '../../../orchestrator/etcd/wire.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'

/** What no etcd that is well says: answers that are cut off, altered, or somebody else's. */

const gateway = openGateway()
const answer = z.object({ told: z.string() })

async function answered(t: { teardown(end: () => void): void }, listener: RequestListener): Promise<string> {
  const socket = join(temporaryFolder(), 's')
  const server = createServer(listener)
  await new Promise<void>((done) => server.listen(socket, done))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `unix:${socket}`
}

const ask = (endpoint: string) => gateway.ask({ endpoint, path: 'x', answer, limit: 300 })

test('whether something was done is told by the code: only some of them say that it was not', async (t) => {
  for (const [code, is] of [
    [5, 'refused'],
    [8, 'refused'],
    [9, 'refused'],
    [4, 'lost'],
    [14, 'lost'],
    [2, 'lost'],
  ] as const) {
    const endpoint = await answered(t, (_asked, to) =>
      to.writeHead(400).end(JSON.stringify({ code, message: 'why' })),
    )
    t.deepEqual(await ask(endpoint), { is, why: `${endpoint}/v3/x: why` }, String(code))
  }
})

test('what cannot be read is lost, and it is told where and what', async (t) => {
  const of = async (listener: RequestListener): Promise<string> => {
    const endpoint = await answered(t, listener)
    const told = await ask(endpoint)
    return told.is === 'lost' ? told.why.replace(`${endpoint}/v3/x: `, '') : told.is
  }
  t.regex(await of((_asked, to) => to.end('<html>')), /answered something else/)
  t.regex(await of((_asked, to) => to.end('{"told":7}')), /answered something else: told /)
  t.is(await of((_asked, to) => to.writeHead(503).end('busy')), 'status 503')
  t.is(await of(() => {}), 'no answer within 300 ms')
  t.is(
    await of((_asked, to) => void to.writeHead(200, { 'Content-Length': 99 }).write('{"told"')),
    'no answer within 300 ms',
    'an answer that stops in its middle',
  )
  t.regex(await of((asked) => void asked.socket.destroy()), /hang up|ECONNRESET/)
  t.regex((await ask(`unix:${join(temporaryFolder(), 'none')}`)).is, /lost/)
})

test('an id that a number of JavaScript cannot hold goes out as it is', async (t) => {
  const bodies: string[] = []
  const endpoint = await answered(t, (asked, to) => {
    asked.setEncoding('utf8').on('data', (text: string) => bodies.push(text))
    to.writeHead(404).end('{"code":5,"message":"no"}')
  })
  await removeMember(gateway, [endpoint], '18446744073709551615')
  t.is(bodies[0], '{"ID":"18446744073709551615"}')
})

const database = randomBytes(100_000)
const whole = Buffer.concat([database, createHash('sha256').update(database).digest()])
const piece = (bytes: Buffer): string => JSON.stringify({ result: { blob: bytes.toString('base64') } })
const pieces = (bytes: Buffer): string[] =>
  Array.from({ length: Math.ceil(bytes.length / 30_000) }, (_, at) =>
    piece(bytes.subarray(at * 30_000, (at + 1) * 30_000)),
  )

async function snapshotOf(t: { teardown(end: () => void): void }, lines: readonly string[]) {
  const endpoint = await answered(t, (_asked, to) => to.end(lines.join('\n')))
  const file = join(temporaryFolder(), 'snapshot')
  const told = await takeSnapshot(gateway, endpoint, file, 2_000)
  return { told, there: existsSync(file) }
}

test('a snapshot is taken whole, also where its sum comes in two pieces', async (t) => {
  const { told, there } = await snapshotOf(t, pieces(whole))
  t.deepEqual([told.is, there], ['done', true])
  t.like(told.is === 'done' ? told.value : {}, {
    size: whole.length,
    sha256: createHash('sha256').update(whole).digest('hex'),
  })
  const odd = [piece(whole.subarray(0, -7)), piece(whole.subarray(-7))]
  t.is((await snapshotOf(t, odd)).told.is, 'done')
})

test('a snapshot that lacks its end, or has one bit that is another, is none, and leaves no file', async (t) => {
  const flipped = Buffer.from(whole)
  flipped[50_000] = (flipped[50_000] ?? 0) ^ 1
  for (const [what, lines] of Object.entries({
    'its end is missing': pieces(whole).slice(0, -1),
    'its middle is missing': [...pieces(whole).slice(0, 1), ...pieces(whole).slice(2)],
    'one bit is another': pieces(flipped),
    nothing: [],
    'less than a sum': [piece(Buffer.from('x'))],
    'an error in its middle': [...pieces(whole).slice(0, 2), '{"error":{"code":13,"message":"disk"}}'],
    'something else': ['{"result":{"blob":7}}'],
  })) {
    const { told, there } = await snapshotOf(t, lines)
    t.deepEqual([told.is, there], ['lost', false], what)
  }
})

test('a range ends behind everything that begins with its prefix', (t) => {
  const end = (prefix: string): string => Buffer.from(rangeOf(prefix).range_end, 'base64').toString('latin1')
  t.is(end('/registry/pods/'), '/registry/pods0')
  t.deepEqual(rangeOf(''), { key: 'AA==', range_end: 'AA==' })
  t.true(Buffer.from('ä~').compare(Buffer.from(rangeOf('ä').range_end, 'base64')) < 0)
})
