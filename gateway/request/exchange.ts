import { timingSafeEqual } from 'node:crypto'
import type { Request, Response } from 'express'
import type { Html } from '../html.ts'
import { markupOf } from '../html.ts'
import { mayOpen } from '../offer.ts'
import type { Frame } from '../pages/layout.ts'
import { type ProblemName, problemPage } from '../pages/problem.ts'
import type { Visitor } from '../session/sessions.ts'
import type { Parts } from './parts.ts'

/** The status that goes with a problem's page. */
const STATUS: Readonly<Record<ProblemName, number>> = {
  notFound: 404,
  forbidden: 403,
  foreign: 403,
  host: 421,
  directory: 503,
  busy: 503,
  unknown: 503,
  noHome: 503,
  homeMoves: 503,
  noTemplate: 403,
  unfit: 409,
  apiUnavailable: 503,
  bad: 400,
  failed: 500,
  browser: 200,
}

/** A refusal on the way to a page; whatever is thrown besides is our own failure. */
export class PageError extends Error {
  readonly problem: ProblemName

  constructor(problem: ProblemName) {
    super(problem)
    this.name = 'PageError'
    this.problem = problem
  }
}

export function frameOf({ texts, assets, offer }: Parts, visitor?: Visitor): Frame {
  const shown = visitor && {
    name: visitor.session.name,
    formToken: visitor.session.formToken,
    administrator: visitor.administrator,
    helper: visitor.helper,
    services: offer().services.some((service) => mayOpen(service, visitor.person.identity)),
  }
  return { texts, asset: assets.address, modules: assets.modules, ...(shown ? { visitor: shown } : {}) }
}

export function sendPage(response: Response, page: Html, status = 200): void {
  response.status(status).type('html').send(markupOf(page))
}

export function sendProblem(parts: Parts, response: Response, name: ProblemName, visitor?: Visitor): void {
  if (STATUS[name] === 503) response.setHeader('Retry-After', '5')
  sendPage(response, problemPage(frameOf(parts, visitor), name), STATUS[name])
}

/** Who is logged in, as found before any route; a route of people runs only when there is somebody. */
const visitors = new WeakMap<Request, Visitor>()
export const remember = (request: Request, visitor: Visitor): void => void visitors.set(request, visitor)
export const visitorOf = (request: Request): Visitor | undefined => visitors.get(request)

/** As long as a whole form, so that a long password is refused for its length, and not taken for none. */
export const PASSWORD_FIELD = 16 * 1024

/** One text field of a form; undefined when it is missing, twice there, or too long. */
export function field(request: Request, name: string, longest = 256): string | undefined {
  const body: unknown = request.body
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, name)) return undefined
  const value: unknown = Reflect.get(body, name)
  return typeof value === 'string' && value.length <= longest ? value : undefined
}

/** Whether a form or a script carries the token of this session. */
export function tokenFits(given: string | undefined, { session }: Visitor): boolean {
  const [a, b] = [Buffer.from(given ?? ''), Buffer.from(session.formToken)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** The visitor of a route that runs only when there is one. */
export function mustBeThere(request: Request): Visitor {
  const visitor = visitorOf(request)
  if (!visitor) throw new Error('a route of people ran for nobody')
  return visitor
}
