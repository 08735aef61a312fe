import type { IncomingMessage } from 'node:http'
import type { Room } from './room.ts'

/**
 * A pod of 3 MiB, the most that the API server takes, can come twice in a review (the object and the old
 * one), with the call around them.
 */
export const BODY_LIMIT = 7 * 1024 * 1024

/** Bytes of all bodies together that are held at once: a thousand usual reviews, or two of the longest. */
export const ROOM = 20 * 1024 * 1024

/** A body that is not to be read: the status to answer with, and why. */
export interface Unread {
  readonly status: 413 | 415 | 503
  readonly message: string
}

const JSON_TYPE = /^application\/json\s*(;|$)/i

const TOO_LONG: Unread = {
  status: 413,
  message: `the body is longer than ${BODY_LIMIT} bytes, more than any review of a pod that the API server takes`,
}

/** The API server asks again when it is told to; see Retry-After. */
const FULL: Unread = { status: 503, message: 'too many reviews come at once; ask again in a moment' }

/**
 * Reads a body whole, no more than `BODY_LIMIT` of it. Answers once at most: never when the caller leaves
 * before the end, for nobody is there to be answered.
 */
export function readBody(
  request: IncomingMessage,
  room: Room,
  done: (body: Buffer) => void,
  not: (why: Unread) => void,
): void {
  const refusal = refuse(request)
  if (refusal) {
    not(refusal)
    return
  }
  const chunks: Buffer[] = []
  let length = 0
  const leave = () => {
    room.give(length)
    length = 0
    chunks.length = 0
  }
  const take = (chunk: Buffer) => {
    const whole = length + chunk.length
    if (whole <= BODY_LIMIT && room.take(chunk.length, whole)) {
      length = whole
      chunks.push(chunk)
      return
    }
    request.off('data', take)
    request.off('end', end)
    leave()
    not(whole > BODY_LIMIT ? TOO_LONG : FULL)
  }
  const end = () => {
    const body = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, length)
    chunks.length = 0
    try {
      done(body)
    } finally {
      leave()
    }
  }
  request.on('data', take)
  request.on('end', end)
  request.once('close', leave)
  // A caller who hangs up is an error of the stream; unheard, it would end the process.
  request.on('error', () => {})
}

function refuse({ headers }: IncomingMessage): Unread | undefined {
  if (!JSON_TYPE.test(headers['content-type'] ?? ''))
    return { status: 415, message: 'the body must be application/json' }
  const encoding = headers['content-encoding']
  if (encoding && encoding !== 'identity') return { status: 415, message: 'the body must not be encoded' }
  return Number(headers['content-length'] ?? 0) > BODY_LIMIT ? TOO_LONG : undefined
}
