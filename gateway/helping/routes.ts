import type { Express, Request, Response } from 'express'
import { reasonOf } from '../../cluster/answer.ts'
import { slugOf } from '../../config/names.ts'
import { DirectoryError } from '../../directory/errors.ts'
import { newGate } from '../login/gate.ts'
import { field, frameOf, mustBeThere, PASSWORD_FIELD, PageError, sendPage } from '../request/exchange.ts'
import type { Parts } from '../request/parts.ts'
import { givenPage, helpingPage } from './page.ts'

/**
 * Helpers give others one-time passwords. The group is asked for at every request; whether this helper may help that
 * person slapd judges, bound by the helper's own password, so that the gateway has no right of that kind.
 */
export function helpingRoutes(app: Express, parts: Parts): void {
  const { helping: words, login: loginWords } = parts.texts
  const gate = newGate()

  app.use('/helping', (request, _response, next) => {
    if (!mustBeThere(request).helper) throw new PageError('forbidden')
    next()
  })

  app.get('/helping', (request, response) => {
    const visitor = mustBeThere(request)
    const { formToken, login: own } = visitor.session
    sendPage(response, helpingPage(frameOf(parts, visitor), { formToken, own }))
  })

  app.post('/helping', (request, response) => help(request, response))

  async function help(request: Request, response: Response): Promise<void> {
    const visitor = mustBeThere(request)
    const { formToken, login: own, id } = visitor.session
    const login = (field(request, 'login', 64) ?? '').trim().toLowerCase()
    const password = field(request, 'password', PASSWORD_FIELD) ?? ''
    const about = { helper: own, slug: slugOf(login) }
    const counted = (result: string): void => parts.metrics.oneTimePasswords.inc({ result })
    const again = (problem: string, status = 422): void =>
      sendPage(response, helpingPage(frameOf(parts, visitor), { formToken, own, login, problem }), status)
    const refuse = (result: string, problem: string): void => {
      counted(result)
      parts.log.warn({ ...about, result }, 'a helper could not give a one-time password')
      again(problem)
    }

    if (login === '' || password.trim() === '') return again(words.blank)
    if (login === own) return again(words.self)
    if (parts.cluster.people.get(about.slug)?.identity.spec.locked) return refuse('locked', words.locked)
    // As on the page of one's own password: whoever guesses here sits at a desk that was left.
    const begun = parts.throttle.begin({ login: own, device: `session ${id}` }, parts.now())
    if ('wait' in begun) {
      counted('throttled')
      return again(loginWords.throttled(begun.wait), 429)
    }
    const result = await gate(() =>
      parts.people.giveOneTimePassword({ login: own, password }, login).catch((error: unknown) => {
        begun.attempt.undecided()
        counted('failed')
        if (!(error instanceof DirectoryError)) throw error
        parts.log.error({ ...about, reason: reasonOf(error) }, 'a one-time password could not be set')
        throw new PageError('directory')
      }),
    )
    if ('came' in result) {
      begun.attempt.undecided()
      counted('busy')
      throw new PageError('busy')
    }
    if ('refused' in result && result.refused === 'helper') return refuse('wrong', words.wrong)
    begun.attempt.succeeded()
    if ('refused' in result)
      return result.refused === 'nobody'
        ? refuse('nobody', words.nobody(login))
        : refuse('notAllowed', words.notAllowed)
    counted('given')
    parts.log.info(about, 'a helper gave a one-time password')
    // The old password is gone whatever becomes of this, and the identity sync ends them a moment later, too.
    await parts.sessions.end({ person: about.slug, before: parts.now() }).catch((error: unknown) => {
      parts.log.error({ ...about, reason: reasonOf(error) }, 'sessions of before were not ended at once')
    })
    const { name } = result.account
    sendPage(response, givenPage(frameOf(parts, visitor), { login, name, password: result.given }))
  }
}
