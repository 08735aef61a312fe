import type { Express } from 'express'
import { reasonOf } from '../../cluster/answer.ts'
import { hasHome } from '../cluster/person.ts'
import { askForOnly } from '../desktops/ask-for-only.ts'
import type { Owner } from '../desktops/desktop.ts'
import { moveOf } from '../desktops/moves.ts'
import { pixelsOf, templatesFor } from '../offer.ts'
import { choosePage } from '../pages/choose.ts'
import { deskPage } from '../pages/desk.ts'
import { asSent, noticeText, statusOf } from '../pages/status.ts'
import { field, frameOf, mustBeThere, PageError, sendPage } from '../request/exchange.ts'
import { viewNow } from '../request/followers.ts'
import type { Parts } from '../request/parts.ts'
import { CLOSED } from '../screen/closed.ts'
import { markOf } from '../session/session.ts'

/** The person's own desktop: its page, and what can be done with it. No address here names anybody. */
export function desktopRoutes(app: Express, parts: Parts): void {
  app.get('/desktop', async (request, response) => {
    const visitor = mustBeThere(request)
    const { session, person } = visitor
    const view = viewNow(parts, session)
    if (view.state !== 'off') {
      const status = asSent(statusOf(view, parts.texts), parts.now())
      const { formToken, name } = session
      const pixels = pixelsOf(parts.offer(), parts.desktops.of(session)?.template)
      const desk = { status, formToken, session: markOf(session), name, pixels, closed: CLOSED }
      sendPage(response, deskPage(frameOf(parts, visitor), desk))
      return
    }
    const templates = templatesFor(parts.offer(), person.identity)
    if (templates.length === 0) throw new PageError('noTemplate')
    if (!hasHome(person, parts.offer()))
      throw new PageError(person.home === 'moving' ? 'homeMoves' : 'noHome')
    // Whoever had to wait for their home, or to become known, has asked for it by logging in.
    if (parts.desktops.of(session) === undefined && (await askForOnly(parts, person))) {
      await shown(parts, session, 'on')
      response.redirect(303, '/desktop')
      return
    }
    const last = parts.desktops.of(session)?.template
    const over = parts.usage.over(session.entryUUID)
    const overLimit = over && parts.texts.overLimit(over.used.bytes, over.limit)
    const choice = { templates, last, view, formToken: session.formToken, now: parts.now(), overLimit }
    sendPage(response, choosePage(frameOf(parts, visitor), choice))
  })

  app.post('/desktop/start', async (request, response) => {
    const { session, person } = mustBeThere(request)
    const templates = templatesFor(parts.offer(), person.identity)
    if (templates.length === 0) throw new PageError('noTemplate')
    if (!hasHome(person, parts.offer()))
      throw new PageError(person.home === 'moving' ? 'homeMoves' : 'noHome')
    const template = templates.find(({ name }) => name === field(request, 'template', 64))
    if (!template) throw new PageError('bad')
    const asked = await apiAnswers(parts, () => parts.store.ask(person.identity, template))
    if ('unfit' in asked) {
      parts.log.error(
        { slug: person.identity.metadata.name, reason: asked.unfit },
        'a desktop cannot be made',
      )
      throw new PageError('unfit')
    }
    // The watch shows it a moment later; a page before that would say that nothing was asked for.
    await shown(parts, session, 'on')
    response.redirect(303, '/desktop')
  })

  for (const [path, again] of [
    ['/desktop/stop', false],
    ['/desktop/restart', true],
  ] as const) {
    app.post(path, async (request, response) => {
      const { session } = mustBeThere(request)
      const { slug, entryUUID } = session
      await apiAnswers(parts, () => parts.store.stop(slug, 'Person', { again, entryUUID }))
      await shown(parts, session, again ? 'on' : 'off')
      response.redirect(303, '/desktop')
    })
  }

  app.post('/desktop/keep', async (request, response) => {
    await parts.bridges.keep(mustBeThere(request).session)
    response.status(204).end()
  })

  app.get('/desktop/notices', async (request, response) => {
    const { session } = mustBeThere(request)
    // One that cannot be asked has nothing to say; whatever is wrong with it, the page hears by its events.
    const said = await parts.bridges.notices(session).catch(() => [])
    const move = moveOf(parts.cluster.nodes.get(parts.desktops.of(session)?.pod?.pc ?? ''))
    const moving = move === undefined ? [] : [parts.texts.desktop.moves]
    response.json([...moving, ...new Set(said.map((notice) => noticeText(notice, parts.texts)))])
  })

  app.get('/desktop/events', (request, response) => {
    parts.followers.follow(mustBeThere(request).session, request, response)
  })
}

/** A call to the API server that a person waits for: its failure is a page of its own. */
async function apiAnswers<T>(parts: Parts, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    parts.log.error({ reason: reasonOf(error) }, 'the API server did not take a request')
    throw new PageError('apiUnavailable')
  }
}

const SHOWN_WITHIN = 2_000

async function shown({ desktops }: Parts, owner: Owner, wanted: 'on' | 'off'): Promise<void> {
  const is = () => {
    const desktop = desktops.of(owner)
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
