import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import { reasonOf } from '../../cluster/answer.ts'
import { administrationRoutes } from '../admin/routes.ts'
import { keepOnward } from '../entrance/onward.ts'
import { helpingRoutes } from '../helping/routes.ts'
import { onwardPage } from '../pages/problem.ts'
import {
  field,
  frameOf,
  PageError,
  remember,
  sendPage,
  sendProblem,
  tokenFits,
  visitorOf,
} from '../request/exchange.ts'
import { protect } from '../request/headers.ts'
import { hostFault, originFault } from '../request/origin.ts'
import type { Parts } from '../request/parts.ts'
import { isForSession } from '../session/session.ts'
import { desktopRoutes } from './desktop.ts'
import { fileRoutes } from './files.ts'
import { firstPasswordRoute } from './first-password.ts'
import { loginRoutes } from './login.ts'
import { passwordRoutes } from './password.ts'
import { serviceRoutes } from './services.ts'

/** Forms that are sent without a session, and so without its token. */
const OF_STRANGERS = new Set(['/login', '/login/password'])
const FORM_LIMIT = '16kb'
const MOST_FIELDS = 12

/** All pages, behind what holds for all of them: our name, our headers, our origin, a session, the form's token. */
export function gatewayApp(parts: Parts): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', 'simple')
  app.use((request, response, next) => {
    protect(response, parts.strictTransport())
    measure(parts, request, response)
    if (hostFault(request.headers.host, parts.hosts)) throw new PageError('host')
    next()
  })
  assetRoutes(app, parts)
  app.use((request, _response, next) => {
    if (changes(request) && originFault(request.headers, parts.hosts)) throw new PageError('foreign')
    next()
  })
  app.use(express.urlencoded({ extended: false, limit: FORM_LIMIT, parameterLimit: MOST_FIELDS }))
  app.use(async (request, _response, next) => {
    const visitor = await parts.sessions.visitor(request.headers.cookie)
    const mark = request.get('x-desk-session') ?? request.query.session
    if (visitor && isForSession(mark, visitor.session)) {
      remember(request, visitor)
      parts.known(request, visitor.session.slug)
      const given = request.get('x-desk-token') ?? field(request, 'token')
      if (changes(request) && !OF_STRANGERS.has(request.path) && !tokenFits(given, visitor))
        throw new PageError('foreign')
    }
    next()
  })
  loginRoutes(app, parts)
  firstPasswordRoute(app, parts)
  app.get('/', (_request, response) => response.redirect(303, '/desktop'))
  app.use(async (request, response, next) => {
    if (visitorOf(request)) next()
    else if (request.path === '/desktop' && (await parts.sessions.isAwaited(request.headers.cookie)))
      sendProblem(parts, response, 'unknown')
    else turnAway(parts, request, response)
  })
  desktopRoutes(app, parts)
  fileRoutes(app, parts)
  serviceRoutes(app, parts)
  passwordRoutes(app, parts)
  helpingRoutes(app, parts)
  administrationRoutes(app, parts)
  app.use(() => {
    throw new PageError('notFound')
  })
  app.use((error: unknown, request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) {
      next(error)
      return
    }
    const name = problemOf(error)
    if (name === 'failed')
      parts.log.error({ reason: reasonOf(error), path: request.path }, 'a request failed')
    // What is left of a refused body is not read.
    if (changes(request)) response.setHeader('Connection', 'close')
    sendProblem(parts, response, name, visitorOf(request))
  })
  return app
}

const changes = ({ method }: Request): boolean => method !== 'GET' && method !== 'HEAD'

/** What is not ours comes from Express and its parsers, with the status of a caller's mistake. */
function problemOf(error: unknown) {
  if (error instanceof PageError) return error.problem
  const status = typeof error === 'object' && error !== null && 'status' in error ? Number(error.status) : 500
  return error instanceof URIError || (status >= 400 && status < 500) ? 'bad' : 'failed'
}

/** Nobody is logged in: pages lead to the login, scripts learn it by the status. */
function turnAway(parts: Parts, request: Request, response: Response): void {
  const isPage = request.get('sec-fetch-mode') === 'navigate' || request.accepts(['json', 'html']) === 'html'
  if (request.method !== 'GET' || !isPage) {
    response.setHeader('Connection', 'close')
    response.status(401).end()
    return
  }
  // Of a service, a site in between sent them here, whatever site they came from.
  const wanted = keepOnward(request.originalUrl)
  const isEntry = wanted !== undefined || request.path === '/desktop'
  const fromElsewhere = request.get('sec-fetch-site') === 'cross-site' && isEntry
  if (fromElsewhere) {
    sendPage(response, onwardPage(frameOf(parts), wanted === undefined ? '/desktop' : request.originalUrl))
    return
  }
  if (wanted !== undefined) response.setHeader('Set-Cookie', wanted)
  response.redirect(303, '/login')
}

const YEAR_SECONDS = 31_536_000

/**
 * Files of ours. While replicas of two versions run, a page of one may ask the other: it gets what there is, but is
 * not told to keep it.
 */
function assetRoutes(app: Express, { assets }: Parts): void {
  app.get('/assets/:version/*name', (request, response) => {
    const { version, name } = request.params
    const asset = assets.find(Array.isArray(name) ? name.join('/') : String(name))
    if (!asset) throw new PageError('notFound')
    const fits = version === assets.version
    response.setHeader('Cache-Control', fits ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-store')
    response.setHeader('Content-Type', asset.type)
    response.end(asset.body)
  })
  app.get('/robots.txt', (_request, response) =>
    response.type('text/plain').send('User-agent: *\nDisallow: /\n'),
  )
  app.get('/favicon.ico', (_request, response) => response.redirect(301, assets.address('icon.svg')))
}

const LASTING = new Set(['/desktop/events', '/desktop/files'])

function measure({ metrics }: Parts, request: Request, response: Response): void {
  if (LASTING.has(request.path)) return
  const end = metrics.pages.startTimer({ method: request.method === 'POST' ? 'POST' : 'GET' })
  response.once('finish', () => end({ status: String(response.statusCode) }))
}
