import type { Express, Request, Response } from 'express'
import { reasonOf } from '../../cluster/answer.ts'
import { mastersTold } from '../../cluster/control-plane-guard.ts'
import { lockOf } from '../../config/lock.ts'
import { SLUG_PATTERN } from '../../config/names.ts'
import { stalenessOf } from '../../config/staleness.ts'
import { field, frameOf, mustBeThere, PageError, sendPage } from '../request/exchange.ts'
import type { Parts } from '../request/parts.ts'
import { overview, rowOf } from './overview.ts'
import { administrationPage, LONGEST_MESSAGE, personPage } from './page.ts'

/** What administrators see and do. The group is asked for at every request, not at the login. */
export function administrationRoutes(app: Express, parts: Parts): void {
  const { texts, desktops, cluster, offer, now, log } = parts
  const words = texts.administration

  app.use('/administration', (request, _response, next) => {
    if (!mustBeThere(request).administrator) throw new PageError('forbidden')
    next()
  })

  app.get('/administration', async (request, response) => {
    const volume = await parts.volume().catch((error: unknown) => {
      log.warn({ reason: reasonOf(error) }, 'the GlusterVolume could not be read')
      return 'unread' as const
    })
    const guard = await parts.guard().catch((error: unknown) => {
      log.warn({ reason: reasonOf(error) }, 'the ControlPlaneGuard could not be read')
      return 'unread' as const
    })
    const seen = overview(desktops.all(), cluster.nodes.all(), offer())
    const { state, checked } = stalenessOf(cluster.checked.at(), now(), parts.maxStale)
    const troubles = [
      ...(volume === 'unread' ? [words.storage.silent] : []),
      ...(guard === 'unread' ? [words.masters.unread] : []),
      ...(cluster.locks.gone() ? [words.listGone] : []),
      ...(state === 'ageing' ? [words.ageing(now() - checked, checked + parts.maxStale - now())] : []),
      ...(state === 'stale' ? [words.stale(now() - checked)] : []),
    ]
    const frame = frameOf(parts, mustBeThere(request))
    const usage = parts.usage.sums()
    const isTold = usage.sets.length > 0 || usage.room !== undefined
    const told = volume === 'unread' ? undefined : volume
    const shown =
      told === undefined && !isTold ? undefined : { volume: told, usage, limit: offer().storageLimit }
    const masters =
      guard === undefined || guard === 'unread'
        ? undefined
        : { guard, masters: mastersTold(guard, cluster.nodes.all()) }
    sendPage(response, administrationPage(frame, seen, now(), troubles, shown, masters))
  })

  const news: Readonly<Record<string, { kind: 'good' | 'bad'; text: string }>> = {
    stopped: { kind: 'good', text: words.stopped },
    sent: { kind: 'good', text: words.sent },
    unsent: { kind: 'bad', text: words.notSent },
    out: { kind: 'good', text: words.loggedOut },
    locked: { kind: 'good', text: words.locked },
    unlocked: { kind: 'bad', text: words.notLocked },
  }

  app.get('/administration/people/:slug', (request, response) => {
    const visitor = mustBeThere(request)
    const slug = slugIn(request)
    const desktop = desktops.named(slug)
    const spec = cluster.people.get(slug)?.identity.spec
    if (!desktop && !spec) throw new PageError('notFound')
    const said = typeof request.query.done === 'string' ? news[request.query.done] : undefined
    const shown = {
      slug,
      row: desktop && rowOf(desktop, desktops.all(), offer()),
      formToken: visitor.session.formToken,
      now: now(),
      lock: spec && cluster.locks.of(slug, spec.entryUUID),
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

  app.post('/administration/people/:slug/lock', async (request, response) => {
    const slug = slugIn(request)
    const spec = cluster.people.get(slug)?.identity.spec
    if (!spec) throw new PageError('notFound')
    const { login } = mustBeThere(request).session
    try {
      await parts.locking.lock(slug, lockOf(spec, new Date(now()), `by ${login}`))
    } catch (error) {
      log.error({ administrator: login, slug, reason: reasonOf(error) }, 'an account could not be locked')
      response.redirect(303, `/administration/people/${slug}?done=unlocked`)
      return
    }
    did(request, response, 'locked', 'an administrator locked an account')
  })

  app.post('/administration/people/:slug/message', async (request, response) => {
    const slug = slugIn(request)
    // A form sends two characters for each end of a line, of which its field counted one.
    const text = field(request, 'text', 2 * LONGEST_MESSAGE)
      ?.replaceAll('\r\n', '\n')
      .trim()
    if (!text || text.length > LONGEST_MESSAGE) throw new PageError('bad')
    const desktop = desktops.named(slug)
    const sent =
      desktop !== undefined &&
      (await parts.bridges.message(desktop, text).then(
        () => true,
        (error: unknown) => {
          log.warn({ slug, reason: reasonOf(error) }, 'a message could not be shown')
          return false
        },
      ))
    did(request, response, sent ? 'sent' : 'unsent', 'an administrator sent a message')
  })
}

function slugIn(request: Request): string {
  const { slug } = request.params
  if (typeof slug !== 'string' || !SLUG_PATTERN.test(slug)) throw new PageError('notFound')
  return slug
}
