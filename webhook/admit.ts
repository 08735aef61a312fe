import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import { WEBHOOK } from '../config/names.ts'
import { answer } from './answer.ts'
import { ROOM, readBody } from './body.ts'
import { type Decision, decide, type Known } from './decide.ts'
import type { Metrics } from './metrics.ts'
import { type Call, readReview } from './review.ts'
import { newRoom, type Room } from './room.ts'

export interface Admission {
  readonly known: Known
  /** Whether everybody is known; before, nobody can be refused as unknown. */
  readonly ready: () => boolean
  readonly metrics: Metrics
  readonly log: Logger
  /** Milliseconds, monotonic. */
  readonly clock: () => number
}

/**
 * The HTTP side: one path and one method, so it needs no framework.
 * What is not a review gets a 4xx with a reason as JSON, never an `allowed`.
 */
export function admissionApp(admission: Admission): RequestListener {
  const room = newRoom(ROOM)
  return (request, response) => {
    const { method, url = '' } = request
    if (pathOf(url) !== WEBHOOK.path)
      reject(admission, response, 404, `nothing is here; the webhook is at ${WEBHOOK.path}`)
    else if (method === 'POST') receive(admission, room, request, response)
    else {
      response.setHeader('Allow', 'POST')
      reject(admission, response, 405, `${method} is not for this path: send an AdmissionReview by POST`)
    }
  }
}

/** The API server adds a query: how long it waits. */
function pathOf(url: string): string {
  const end = url.indexOf('?')
  return end < 0 ? url : url.slice(0, end)
}

function receive(admission: Admission, room: Room, request: IncomingMessage, response: ServerResponse): void {
  const { inFlight } = admission.metrics
  inFlight.inc()
  response.once('close', () => inFlight.dec())
  readBody(
    request,
    room,
    (body) => {
      try {
        admit(admission, body, response)
      } catch (error) {
        failed(admission, error, response)
      }
    },
    ({ status, message }) => {
      // What is left of the body is not read, so the connection cannot serve another request.
      response.setHeader('Connection', 'close')
      if (status === 503) response.setHeader('Retry-After', '1')
      reject(admission, response, status, message)
    },
  )
}

function admit(admission: Admission, body: Buffer, response: ServerResponse): void {
  const start = admission.clock()
  if (!admission.ready()) {
    response.setHeader('Retry-After', '1')
    reject(admission, response, 503, 'the webhook does not know yet who is who; it will in a moment')
    return
  }
  const read = readReview(body)
  if ('bad' in read) {
    reject(admission, response, read.bad.status, read.bad.message)
    return
  }
  const decision = decide(read.call, admission.known)
  send(response, 200, answer(read.call, decision))
  account(admission, read.call, decision, admission.clock() - start)
}

function account({ metrics, log }: Admission, call: Call, decision: Decision, ms: number): void {
  const reason = decision.result === 'refused' ? decision.why : ''
  metrics.duration.observe(ms / 1000)
  metrics.decisions.inc({ result: decision.result, reason })
  const { slug, result } = decision
  log.info(
    { review: call.uid, slug, decision: result, reason: reason || undefined, ms: round(ms) },
    'decided',
  )
}

const round = (ms: number): number => Math.round(ms * 1000) / 1000

function reject(
  { metrics, log }: Admission,
  response: ServerResponse,
  status: number,
  message: string,
): void {
  metrics.decisions.inc({ result: 'rejected', reason: String(status) })
  log.warn({ status, message }, 'rejected')
  send(response, status, JSON.stringify({ status, message }))
}

/** The fault is ours, and the API server refuses the pod. */
function failed(admission: Admission, error: unknown, response: ServerResponse): void {
  admission.metrics.decisions.inc({ result: 'failed', reason: '' })
  admission.log.error({ err: error }, 'failed')
  send(response, 500, JSON.stringify({ status: 500, message: 'the webhook failed; its log says how' }))
}

/** As bytes: Node writes them after the head as they are, but would encode a string together with it. */
function send(response: ServerResponse, status: number, json: string): void {
  const body = Buffer.from(json)
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': body.length })
  response.end(body)
}
