import type { Express, Response } from 'express'
import { slugOf } from '../../config/names.ts'
import { DirectoryError } from '../../directory/errors.ts'
import { personOf } from '../cluster/person.ts'
import { reasonOf } from '../cluster/watch.ts'
import { templatesFor } from '../offer.ts'
import { loginPage } from '../pages/login.ts'
import { CLEAR_COOKIE } from '../session/cookie.ts'
import { field, frameOf, sendPage, sendProblem, visitorOf } from './exchange.ts'
import type { Parts } from './parts.ts'

/** Logins that ask the directory at once: each costs slapd some 20 MiB and 20 ms. Behind them so many may wait. */
const AT_ONCE = 8
const MAY_WAIT = 120

/** Log in and log out. */
export function loginRoutes(app: Express, parts: Parts): void {
  const { texts } = parts
  const gate = newGate(AT_ONCE, MAY_WAIT)

  app.get('/login', (request, response) => {
    if (visitorOf(request)) {
      response.redirect(303, '/desktop')
      return
    }
    const words: Readonly<Record<string, string>> = {
      out: texts.login.loggedOut,
      ended: texts.login.ended,
      changed: texts.login.passwordChanged,
    }
    const news = typeof request.query.after === 'string' ? words[request.query.after] : undefined
    sendPage(response, loginPage(frameOf(parts), news === undefined ? {} : { news }))
  })

  app.post('/login', async (request, response) => {
    const login = (field(request, 'login', 64) ?? '').trim()
    const password = field(request, 'password') ?? ''
    const again = (problem: string, status: number) =>
      sendPage(response, loginPage(frameOf(parts), { login, problem }), status)
    if (login === '' || password.trim() === '') {
      again(texts.login.blank, 400)
      return
    }
    const begun = parts.throttle.begin(login, parts.addressOf(request), parts.now())
    if ('wait' in begun) {
      parts.metrics.logins.inc({ result: 'throttled' })
      response.setHeader('Retry-After', String(Math.ceil(begun.wait / 1000)))
      again(texts.login.throttled(begun.wait), 429)
      return
    }
    const result = await gate(() => ask(parts, login, password))
    parts.metrics.logins.inc({ result: result.came })
    if (result.came === 'refused') {
      again(texts.login.refused, 401)
      return
    }
    if (result.came !== 'welcome') {
      begun.attempt.undecided()
      sendProblem(parts, response, result.came === 'busy' ? 'busy' : 'directory')
      return
    }
    begun.attempt.succeeded()
    await welcome(parts, response, result.login, result.name, result.entryUUID)
  })

  app.post('/logout', async (request, response) => {
    const visitor = visitorOf(request)
    if (visitor) await parts.sessions.end({ session: visitor.session })
    response.setHeader('Set-Cookie', CLEAR_COOKIE)
    response.setHeader('Clear-Site-Data', '"cache"')
    response.redirect(303, '/login?after=out')
  })
}

type Came =
  | { readonly came: 'welcome'; readonly login: string; readonly name: string; readonly entryUUID: string }
  | { readonly came: 'refused' | 'busy' | 'failed' }

async function ask({ people, log }: Parts, login: string, password: string): Promise<Came> {
  try {
    const result = await people.login(login, password)
    if ('refused' in result) return { came: 'refused' }
    return { came: 'welcome', ...result.account }
  } catch (error) {
    if (!(error instanceof DirectoryError)) throw error
    log.error({ reason: reasonOf(error) }, 'the directory could not be asked')
    return { came: 'failed' }
  }
}

/** The password was right: now the cluster must know them too, as the same entry. */
async function welcome(
  parts: Parts,
  response: Response,
  login: string,
  name: string,
  entryUUID: string,
): Promise<void> {
  const person = personOf(parts.room.identities.get(slugOf(login)))
  if (!person?.published || person.identity.spec.entryUUID !== entryUUID) {
    sendProblem(parts, response, 'unknown')
    return
  }
  response.setHeader('Set-Cookie', await parts.sessions.begin(person, name || login))
  const { slug } = { slug: person.identity.metadata.name }
  const offered = templatesFor(parts.offer(), person.identity)
  const [only] = offered
  const desktop = parts.desktops.of(slug)
  const off = desktop === undefined || (!desktop.on && desktop.waitingSince === undefined)
  // Where there is nothing to choose, the desktop comes without being asked for once more.
  if (off && only && offered.length === 1 && person.homeReady) {
    await parts.store.ask(person.identity, only).catch((error: unknown) => {
      parts.log.warn({ slug, reason: reasonOf(error) }, 'a desktop could not be asked for at login')
    })
  }
  response.redirect(303, '/desktop')
}

/** Lets so many do something at once, some more wait, and tells the others that it is busy. */
function newGate(atOnce: number, mayWait: number) {
  let inside = 0
  const waiting: (() => void)[] = []
  return async (work: () => Promise<Came>): Promise<Came> => {
    if (inside >= atOnce) {
      if (waiting.length >= mayWait) return { came: 'busy' }
      await new Promise<void>((go) => waiting.push(go))
    }
    inside++
    try {
      return await work()
    } finally {
      inside--
      waiting.shift()?.()
    }
  }
}
