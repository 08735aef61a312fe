import express, { type Express, type Response } from 'express'
import type { Logger } from 'pino'
import { reasonOf } from '../../cluster/answer.ts'
import { html, markupOf } from '../html.ts'
import type { Metrics } from '../metrics.ts'
import { mayOpen, type Offer, type OfferedService } from '../offer.ts'
import { cookieIn } from '../session/cookie.ts'
import type { Key } from '../session/keys.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Texts } from '../texts/texts.ts'
import { beginEntering, ENTERING, openPass, openTicket, PASS, passCookies, pathIn } from './pass.ts'

export interface EntranceParts {
  readonly sessions: Pick<Sessions, 'personOf'>
  readonly keys: () => readonly Key[]
  readonly offer: () => Pick<Offer, 'services'>
  /** The gateway's own name. */
  readonly host: string
  readonly texts: Texts
  readonly metrics: Pick<Metrics, 'entrance'>
  readonly log: Logger
  readonly now: () => number
}

/**
 * What the ingress asks at each request for a service, of which it passes the cookies, the method and the page that was wanted:
 * `verify` (204 with whose request it is, 401 or 403), and the pages of the way in, which browsers see at the service's site.
 */
export function entranceApp(parts: EntranceParts): Express {
  const { sessions, keys, texts, host, now } = parts
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', 'simple')
  app.use((_request, response, next) => {
    response.setHeader('Cache-Control', 'no-store')
    response.setHeader('Referrer-Policy', 'no-referrer')
    next()
  })

  app.get('/services/:name/verify', async (request, response) => {
    const service = guarded(parts, request.params.name)
    const pass = cookieIn(request.headers.cookie, PASS)
    const session = service && (await openPass(pass, service.name, keys(), now()))
    const person = session && sessions.personOf(session)
    const outcome =
      service === undefined || person === undefined
        ? 'unknown'
        : mayOpen(service, person.identity)
          ? 'let in'
          : 'refused'
    parts.metrics.entrance.inc({ service: service?.name ?? '', outcome })
    if (person === undefined || outcome !== 'let in') {
      response.status(outcome === 'refused' ? 403 : 401).end()
      return
    }
    const { login, groups } = person.identity.spec
    response.setHeader('X-Forwarded-User', encodeURIComponent(login))
    response.setHeader('X-Forwarded-Name', encodeURIComponent(session?.name ?? ''))
    response.setHeader('X-Forwarded-Groups', groups.map(({ name }) => encodeURIComponent(name)).join(','))
    response.status(204).end()
  })

  app.get('/services/:name/start', (request, response) => {
    const service = guarded(parts, request.params.name)
    const method = request.get('x-method')
    if (service === undefined || (method !== 'GET' && method !== 'HEAD')) {
      // What was sent is lost: a page of the service is to be told, and not led away.
      response.status(service === undefined ? 404 : 401).end()
      return
    }
    const { state, cookie } = beginEntering()
    const path = pathIn(request.get('x-path')) ?? '/'
    response.setHeader('Set-Cookie', cookie)
    const query = new URLSearchParams({ state, path })
    response.redirect(303, `https://${host}/services/${service.name}?${query}`)
  })

  app.get('/services/:name/enter', async (request, response) => {
    const service = guarded(parts, request.params.name)
    const number = cookieIn(request.headers.cookie, ENTERING)
    const entry = service && (await openTicket(request.query.ticket, service.name, number, keys(), now()))
    if (service === undefined || entry === undefined) {
      sentence(parts, response, 403, texts.services.stale, { text: texts.services.again, path: '/' })
      return
    }
    response.setHeader('Set-Cookie', await passCookies(service.name, entry.session, keys(), now()))
    response.redirect(303, entry.path)
  })

  app.get('/services/:name/refused', (_request, response) => {
    sentence(parts, response, 403, texts.services.refused, {
      text: texts.services.back,
      path: `https://${host}/services`,
    })
  })

  app.use((_request, response) => response.status(404).end())
  app.use((error: unknown, _request: express.Request, response: Response, next: express.NextFunction) => {
    if (response.headersSent) {
      next(error)
      return
    }
    parts.log.error({ reason: reasonOf(error) }, 'the ingress could not be answered')
    response.status(500).end()
  })
  return app
}

/** The service of that name, if people log in for it. */
const guarded = ({ offer }: EntranceParts, name: string): OfferedService | undefined =>
  offer().services.find((one) => one.name === name && one.login === 'people')

/** A page at another site, where none of our files are. */
function sentence(
  { texts }: EntranceParts,
  response: Response,
  status: number,
  { title, text }: { readonly title: string; readonly text: string },
  way: { readonly path: string; readonly text: string },
): void {
  response.setHeader('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'")
  response
    .status(status)
    .type('html')
    .send(
      markupOf(html`<!doctype html><html lang="${texts.language}"><head><meta charset="utf-8"><title>${title} · ${texts.product}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"></head>
<body style="max-width: 32rem; margin: 15vh auto; padding: 0 1rem; font: 1.1rem/1.5 system-ui, sans-serif"><h1>${title}</h1><p>${text}</p><p><a href="${way.path}">${way.text}</a></p></body></html>`),
    )
}
