import type { Express } from 'express'
import { DirectoryError } from '../../directory/errors.ts'
import { reasonOf } from '../cluster/watch.ts'
import { passwordPage } from '../pages/password.ts'
import { CLEAR_COOKIE } from '../session/cookie.ts'
import { mustBeThere } from './desktop.ts'
import { field, frameOf, Problem, sendPage } from './exchange.ts'
import type { Parts } from './parts.ts'

/** A person changes their own password; every session of theirs ends with it. */
export function passwordRoutes(app: Express, parts: Parts): void {
  const { password: words, login: loginWords } = parts.texts

  app.get('/password', (request, response) => {
    const visitor = mustBeThere(request)
    const { formToken, login } = visitor.session
    sendPage(response, passwordPage(frameOf(parts, visitor), formToken, login))
  })

  app.post('/password', async (request, response) => {
    const visitor = mustBeThere(request)
    const { formToken, login, slug } = visitor.session
    const again = (problem: string, status = 422) =>
      sendPage(response, passwordPage(frameOf(parts, visitor), formToken, login, problem), status)
    const [before = '', after = '', repeated = ''] = ['before', 'after', 'again'].map((name) =>
      field(request, name),
    )
    if ([before, after, repeated].some((text) => text.trim() === '')) return again(words.blank)
    if (after !== repeated) return again(words.differ)
    if (after === before) return again(words.same)
    // Guessing the old password here is guessing like at the login.
    const begun = parts.throttle.begin(login, parts.addressOf(request), parts.now())
    if ('wait' in begun) return again(loginWords.throttled(begun.wait), 429)
    try {
      const result = await parts.people.changePassword(login, before, after)
      if ('refused' in result) return again(words.wrong)
      begun.attempt.succeeded()
      if ('unfit' in result) return again(words.unfit(result.unfit))
    } catch (error) {
      if (!(error instanceof DirectoryError)) throw error
      begun.attempt.undecided()
      parts.log.error({ slug, reason: reasonOf(error) }, 'the directory could not be asked')
      throw new Problem('directory')
    }
    await parts.sessions.end({ person: slug, before: parts.now() })
    response.setHeader('Set-Cookie', CLEAR_COOKIE)
    response.redirect(303, '/login?after=changed')
  })
}
