import type { Express, Request, Response } from 'express'
import { reasonOf } from '../cluster/watch.ts'
import { viewOf } from '../desktops/view.ts'
import { templatesFor } from '../offer.ts'
import { choosePage } from '../pages/choose.ts'
import { deskPage } from '../pages/desk.ts'
import { type Told, tell } from '../pages/told.ts'
import { CLOSED } from '../screen/closed.ts'
import type { Session } from '../session/session.ts'
import type { Visitor } from '../session/sessions.ts'
import { field, frameOf, Problem, sendPage, visitorOf } from './exchange.ts'
import type { Parts } from './parts.ts'

/** The person's own desktop: its page, and what can be done with it. No address here names anybody. */
export function desktopRoutes(app: Express, parts: Parts): void {
  app.get('/desktop', (request, response) => {
    const visitor = mustBeThere(request)
    const { session, person } = visitor
    const view = viewNow(parts, session.slug)
    if (view.state !== 'off') {
      const told = tell(view, parts.texts)
      const { formToken, name } = session
      sendPage(response, deskPage(frameOf(parts, visitor), { told, formToken, name, closed: CLOSED }))
      return
    }
    const templates = templatesFor(parts.offer(), person.identity)
    if (templates.length === 0) throw new Problem('noTemplate')
    if (!person.homeReady) throw new Problem('noHome')
    const last = parts.desktops.of(session.slug)?.template
    const choice = { templates, last, view, formToken: session.formToken, now: parts.now() }
    sendPage(response, choosePage(frameOf(parts, visitor), choice))
  })

  app.post('/desktop/start', async (request, response) => {
    const { person } = mustBeThere(request)
    const templates = templatesFor(parts.offer(), person.identity)
    if (templates.length === 0) throw new Problem('noTemplate')
    if (!person.homeReady) throw new Problem('noHome')
    const template = templates.find(({ name }) => name === field(request, 'template', 64))
    if (!template) throw new Problem('bad')
    const asked = await roomAnswers(parts, () => parts.store.ask(person.identity, template))
    if ('unfit' in asked) {
      parts.log.error(
        { slug: person.identity.metadata.name, reason: asked.unfit },
        'a desktop cannot be made',
      )
      throw new Problem('unfit')
    }
    // The watch shows it a moment later; a page before that would say that nothing was asked for.
    await shown(parts, person.identity.metadata.name, 'on')
    response.redirect(303, '/desktop')
  })

  for (const [path, again] of [
    ['/desktop/stop', false],
    ['/desktop/restart', true],
  ] as const) {
    app.post(path, async (request, response) => {
      const { slug } = mustBeThere(request).session
      await roomAnswers(parts, () => parts.store.stop(slug, 'Person', { again }))
      await shown(parts, slug, again ? 'on' : 'off')
      response.redirect(303, '/desktop')
    })
  }

  app.post('/desktop/keep', async (request, response) => {
    await parts.bridges.keep(mustBeThere(request).session.slug)
    response.status(204).end()
  })

  app.get('/desktop/events', (request, response) => {
    follow(parts, mustBeThere(request), request, response)
  })
}

export function mustBeThere(request: Request): Visitor {
  const visitor = visitorOf(request)
  if (!visitor) throw new Error('a route of people ran for nobody')
  return visitor
}

function viewNow({ desktops, offer }: Parts, slug: string) {
  return viewOf(desktops.of(slug), desktops.all(), offer().desktops.atMost)
}

/** A call to the API server that a person waits for: its failure is a page of its own. */
async function roomAnswers<T>(parts: Parts, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    parts.log.error({ reason: reasonOf(error) }, 'the room did not take a request')
    throw new Problem('room')
  }
}

const SHOWN_WITHIN = 2_000

async function shown({ desktops }: Parts, slug: string, wanted: 'on' | 'off'): Promise<void> {
  const is = () => {
    const desktop = desktops.of(slug)
    const on = desktop !== undefined && (desktop.on || desktop.waitingSince !== undefined)
    return on === (wanted === 'on')
  }
  if (is()) return
  await new Promise<void>((done) => {
    const timer = setTimeout(finish, SHOWN_WITHIN)
    const forget = desktops.onChange(() => {
      if (is()) finish()
    })
    function finish() {
      clearTimeout(timer)
      forget()
      done()
    }
  })
}

/** Open event streams of each person, at this replica. */
const streams = new Map<string, number>()
const MOST_STREAMS = 8
const SIGN_OF_LIFE = 15_000

/** Tells the page what becomes of its desktop, as server-sent events, until one of them leaves. */
function follow(parts: Parts, { session }: Visitor, request: Request, response: Response): void {
  const { slug } = session
  const others = streams.get(slug) ?? 0
  if (others >= MOST_STREAMS) {
    response.status(429).end()
    return
  }
  streams.set(slug, others + 1)
  response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' })
  let last = ''
  const push = () => {
    if (!parts.sessions.stillGood(session)) {
      response.end('event: ended\ndata:\n\n')
      return
    }
    const told: Told = tell(viewNow(parts, slug), parts.texts)
    const text = JSON.stringify(told)
    if (text !== last) response.write(`data: ${text}\n\n`)
    last = text
  }
  const bye = () => response.end('retry: 500\n\n')
  const forget = parts.desktops.onChange(push)
  const life = setInterval(() => {
    response.write(': here\n\n')
    push()
  }, SIGN_OF_LIFE)
  parts.leaving.addEventListener('abort', bye, { once: true })
  response.once('close', () => {
    forget()
    clearInterval(life)
    parts.leaving.removeEventListener('abort', bye)
    const left = (streams.get(slug) ?? 1) - 1
    if (left > 0) streams.set(slug, left)
    else streams.delete(slug)
  })
  enders.add({ session, end: push, response })
  response.write('retry: 2000\n\n')
  push()
  request.socket.setNoDelay(true)
}

interface Follower {
  readonly session: Session
  readonly end: () => void
  readonly response: Response
}
const enders = new Set<Follower>()

/** Looks again whether everybody who follows may still do so. */
export function reviewFollowers(): void {
  for (const follower of enders) {
    if (follower.response.writableEnded || follower.response.destroyed) enders.delete(follower)
    else follower.end()
  }
}
