import type { Express, Request, Response } from 'express'
import { SLUG_PATTERN } from '../../config/names.ts'
import { reasonOf } from '../cluster/watch.ts'
import { mustBeThere } from '../web/desktop.ts'
import { field, frameOf, Problem, sendPage } from '../web/exchange.ts'
import type { Parts } from '../web/parts.ts'
import { overview, rowOf } from './overview.ts'
import { administrationPage, personPage } from './page.ts'

/** What administrators see and do. The group is asked for at every request, not at the login. */
export function administrationRoutes(app: Express, parts: Parts): void {
  const { texts, desktops, room, offer, now, log } = parts
  const words = texts.administration

  app.use('/administration', (request, _response, next) => {
    if (!mustBeThere(request).administrator) throw new Problem('forbidden')
    next()
  })

  app.get('/administration', (request, response) => {
    const seen = overview(desktops.all(), room.nodes.all(), offer())
    sendPage(response, administrationPage(frameOf(parts, mustBeThere(request)), seen, now()))
  })

  const news: Readonly<Record<string, { kind: 'good' | 'bad'; text: string }>> = {
    stopped: { kind: 'good', text: words.stopped },
    sent: { kind: 'good', text: words.sent },
    unsent: { kind: 'bad', text: words.notSent },
    out: { kind: 'good', text: words.loggedOut },
  }

  app.get('/administration/people/:slug', (request, response) => {
    const visitor = mustBeThere(request)
    const slug = slugIn(request)
    const desktop = desktops.of(slug)
    if (!desktop && !room.identities.get(slug)) throw new Problem('notFound')
    const said = typeof request.query.done === 'string' ? news[request.query.done] : undefined
    const shown = {
      slug,
      row: desktop && rowOf(desktop, desktops.all(), offer()),
      formToken: visitor.session.formToken,
      now: now(),
      ...(said ? { news: said } : {}),
    }
    sendPage(response, personPage(frameOf(parts, visitor), shown))
  })

  const did = (request: Request, response: Response, done: string, what: string) => {
    const slug = slugIn(request)
    log.info({ administrator: mustBeThere(request).session.login, slug }, what)
    response.redirect(303, `/administration/people/${slug}?done=${done}`)
  }

  app.post('/administration/people/:slug/stop', async (request, response) => {
    const slug = slugIn(request)
    await parts.store.stop(slug, 'Administrator')
    if (field(request, 'logout') === 'yes') await parts.sessions.end({ person: slug, before: now() })
    did(request, response, 'stopped', 'an administrator stopped a desktop')
  })

  app.post('/administration/people/:slug/logout', async (request, response) => {
    await parts.sessions.end({ person: slugIn(request), before: now() })
    did(request, response, 'out', 'an administrator logged a person out')
  })

  app.post('/administration/people/:slug/message', async (request, response) => {
    const slug = slugIn(request)
    const text = field(request, 'text', 500)?.trim()
    if (!text) throw new Problem('bad')
    const sent = await parts.bridges.message(slug, text).then(
      () => true,
      (error: unknown) => {
        log.warn({ slug, reason: reasonOf(error) }, 'a message could not be shown')
        return false
      },
    )
    did(request, response, sent ? 'sent' : 'unsent', 'an administrator sent a message')
  })
}

function slugIn(request: Request): string {
  const { slug } = request.params
  if (typeof slug !== 'string' || !SLUG_PATTERN.test(slug)) throw new Problem('notFound')
  return slug
}
