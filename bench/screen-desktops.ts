import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { open } from '../lab/bare/bare.ts'
import { realBridge } from '../test/gateway/real-bridge.ts'
import { administrator } from '../test/harness/lab.ts'
import { ANSWER, GREETING, HANDSHAKE, PIECE, readOrder } from './screen-words.ts'

/**
 * Where screens end: a server on a unix socket in Xvnc's place, which answers as fast as it can, and before it the
 * bridges of some people, each with the secrets that the cluster holds.
 */
const told = z.object({ lab: z.string(), people: z.array(z.string()) })

const folder = mkdtempSync(join(tmpdir(), 'deskfleet-bench-'))
const socket = join(folder, 'rfb.sock')
createServer(answer).listen(socket)

const answerBytes = Buffer.alloc(ANSWER, 7)
const piece = Buffer.alloc(PIECE, 9)

function answer(near: Socket): void {
  let pending: Buffer = Buffer.alloc(0)
  let greeted = false
  near.on('error', () => {})
  near.write(GREETING)
  near.on('data', (data: Buffer) => {
    pending = pending.length === 0 ? data : Buffer.concat([pending, data])
    if (!greeted) {
      if (pending.length < HANDSHAKE.length) return
      pending = pending.subarray(HANDSHAKE.length)
      greeted = true
    }
    for (let order = readOrder(pending); order; order = readOrder(pending)) {
      pending = pending.subarray(order.length)
      if (order.pieces === 0) near.write(answerBytes)
      else stream(near, order.pieces)
    }
  })
}

function stream(near: Socket, pieces: number): void {
  let left = pieces
  const go = () => {
    while (left > 0) {
      left--
      if (!near.write(piece)) {
        if (left > 0) near.once('drain', go)
        return
      }
    }
  }
  go()
}

process.on('message', async (raw) => {
  const { lab: name, people } = told.parse(raw)
  const lab = await open(name)
  if (lab === undefined) throw new Error(`no lab ${name}`)
  const ports: Record<string, number> = {}
  for (const slug of people) ports[slug] = (await realBridge(administrator(lab), slug, socket)).port()
  process.send?.({ socket, ports })
})
process.on('disconnect', () => {
  rmSync(folder, { recursive: true, force: true })
  process.exit(0)
})
