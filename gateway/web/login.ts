import type { Express, Response } from 'express'
import { reasonOf } from '../../cluster/answer.ts'
import { slugOf } from '../../config/names.ts'
import { DirectoryError } from '../../directory/errors.ts'
import type { Account } from '../../directory/person.ts'
import { askForOnly } from '../desktops/ask-for-only.ts'
import { entered } from '../desktops/entered.ts'
import { FORGET_ONWARD, onwardIn } from '../entrance/onward.ts'
import { newGate } from '../login/gate.ts'
import { firstPasswordPage } from '../pages/first-password.ts'
import { loginPage } from '../pages/login.ts'
import { field, frameOf, PASSWORD_FIELD, sendPage, sendProblem, visitorOf } from '../request/exchange.ts'
import type { Parts } from '../request/parts.ts'
import { CLEAR_COOKIE } from '../session/cookie.ts'

/** Log in and log out. */
export function loginRoutes(app: Express, parts: Parts): void {
  const { texts } = parts
  const [strangers, known] = [newGate(), newGate()]

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
    // Keyboards of phones begin with a capital; no login has one.
    const login = (field(request, 'login', 64) ?? '').trim().toLowerCase()
    const password = field(request, 'password', PASSWORD_FIELD) ?? ''
    const again = (problem: string, status: number) =>
      sendPage(response, loginPage(frameOf(parts), { login, problem }), status)
    if (login === '' || password.trim() === '') {
      again(texts.login.blank, 400)
      return
    }
    const { cookie } = request.headers
    const device = await parts.devices.knowing(slugOf(login), cookie)
    const address = parts.addressOf(request)
    const begun = parts.throttle.begin({ login, address, ...(device && { device }) }, parts.now())
    if ('wait' in begun) {
      parts.metrics.logins.inc({ result: 'throttled' })
      response.setHeader('Retry-After', String(Math.ceil(begun.wait / 1000)))
      again(texts.login.throttled(begun.wait), 429)
      return
    }
    const gate = begun.attempt.known ? known : strangers
    const result = await gate(() => ask(parts, login, password))
    const isLocked =
      result.came === 'welcome' &&
      parts.cluster.locks.of(slugOf(result.login), result.entryUUID) !== undefined
    const isOneTime = result.came === 'welcome' && result.oneTime
    parts.metrics.logins.inc({ result: isLocked ? 'locked' : isOneTime ? 'oneTime' : result.came })
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
    // Told to whoever knows the password alone, so that nobody learns it of others.
    if (isLocked) {
      parts.log.warn({ slug: slugOf(result.login) }, 'somebody who is locked had the right password')
      again(texts.login.locked, 403)
      return
    }
    if (isOneTime) {
      sendPage(response, firstPasswordPage(frameOf(parts), { login: result.login }))
      return
    }
    await welcome(parts, response, cookie, result)
  })

  app.post('/logout', async (request, response) => {
    const visitor = visitorOf(request)
    if (visitor) await parts.sessions.end({ session: visitor.session })
    response.setHeader('Set-Cookie', CLEAR_COOKIE)
    response.setHeader('Clear-Site-Data', '"cache"')
    response.redirect(303, '/login?after=out')
  })
}

type LoggedIn = Pick<Account, 'login' | 'name' | 'entryUUID' | 'passwordSet' | 'oneTime'>

type LoginOutcome =
  | ({ readonly came: 'welcome' } & LoggedIn)
  | { readonly came: 'refused' | 'busy' | 'failed' }

async function ask({ people, log }: Parts, login: string, password: string): Promise<LoginOutcome> {
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
  cookie: string | undefined,
  { login, name, entryUUID, passwordSet = '' }: LoggedIn,
): Promise<void> {
  const slug = slugOf(login)
  const person = parts.cluster.people.get(slug)
  const isKnown = person?.published && person.identity.spec.entryUUID === entryUUID
  const whose = { slug, login, entryUUID, name: name || login, passwordSet }
  const session = await parts.sessions.begin(isKnown ? whose : { ...whose, early: true })
  const device = await parts.devices.letIn(entryUUID, cookie)
  const onward = onwardIn(cookie)
  const cookies = [session, ...(device === undefined ? [] : [device]), ...(onward ? [FORGET_ONWARD] : [])]
  response.setHeader('Set-Cookie', cookies)
  if (!isKnown) {
    sendProblem(parts, response, 'unknown')
    return
  }
  if (onward !== undefined) {
    // They came for something else: a desktop is started when they ask for it.
    response.redirect(303, onward)
    return
  }
  const desktop = parts.desktops.of(whose)
  if (desktop?.on) await entered(parts, desktop, passwordSet)
  else if (desktop?.waitingSince === undefined) await askForOnly(parts, person)
  response.redirect(303, '/desktop')
}
