import type { Express } from 'express'
import { reasonOf } from '../../cluster/answer.ts'
import { DirectoryError } from '../../directory/errors.ts'
import type { Owner } from '../desktops/desktop.ts'
import { entered } from '../desktops/entered.ts'
import { newGate } from '../login/gate.ts'
import { passwordPage } from '../pages/password.ts'
import { frameOf, mustBeThere, PageError, sendPage } from '../request/exchange.ts'
import type { Parts } from '../request/parts.ts'
import { CLEAR_COOKIE } from '../session/cookie.ts'
import { newPasswordIn } from './new-password.ts'

/** The desktop of somebody who changed their password themselves goes on, also when they do not log in again at once. */
async function keepDesktop(
  { desktops, store, log }: Parts,
  owner: Owner,
  passwordSet: string | undefined,
): Promise<void> {
  const desktop = desktops.of(owner)
  if (desktop?.on && passwordSet !== undefined) await entered({ store, log }, desktop, passwordSet)
}

/** A person changes their own password; every session of theirs ends with it. */
export function passwordRoutes(app: Express, parts: Parts): void {
  const { password: words, login: loginWords } = parts.texts
  const gate = newGate()

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
    const read = newPasswordIn(request, words)
    if ('unfit' in read) return again(read.unfit)
    // Whoever guesses the old password here was let in: counted as a browser that is known, and as no stranger, so that
    // neither other browsers nor other addresses wait for what somebody does at a desk that was left.
    const device = `session ${visitor.session.id}`
    const begun = parts.throttle.begin({ login, device }, parts.now())
    if ('wait' in begun) return again(loginWords.throttled(begun.wait), 429)
    try {
      const result = await gate(() => parts.people.changePassword(login, read.before, read.after))
      if ('came' in result) {
        begun.attempt.undecided()
        throw new PageError('busy')
      }
      if ('refused' in result) return again(words.wrong)
      begun.attempt.succeeded()
      if ('unfit' in result) return again(words.unfit(result.unfit))
      await keepDesktop(parts, visitor.session, result.passwordSet)
    } catch (error) {
      if (!(error instanceof DirectoryError)) throw error
      begun.attempt.undecided()
      parts.log.error({ slug, reason: reasonOf(error) }, 'the directory could not be asked')
      throw new PageError('directory')
    }
    await parts.sessions.end({ person: slug, before: parts.now() })
    response.setHeader('Set-Cookie', CLEAR_COOKIE)
    response.redirect(303, '/login?after=changed')
  })
}
