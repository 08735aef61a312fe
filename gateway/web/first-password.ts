import type { Express } from 'express'
import { reasonOf } from '../../cluster/answer.ts'
import { slugOf } from '../../config/names.ts'
import { DirectoryError } from '../../directory/errors.ts'
import { newGate } from '../login/gate.ts'
import { firstPasswordPage } from '../pages/first-password.ts'
import { field, frameOf, PageError, sendPage } from '../request/exchange.ts'
import type { Parts } from '../request/parts.ts'
import { newPasswordIn } from './new-password.ts'

/**
 * A one-time password begins no session: by it, typed once more, its person chooses another, and logs in with that. It
 * is guessed at here as at the login, and counted with it.
 */
export function firstPasswordRoute(app: Express, parts: Parts): void {
  const { password: words, login: loginWords } = parts.texts
  const gate = newGate()

  app.post('/login/password', async (request, response) => {
    const login = (field(request, 'login', 64) ?? '').trim().toLowerCase()
    if (login === '') throw new PageError('bad')
    const again = (problem: string, status = 422) =>
      sendPage(response, firstPasswordPage(frameOf(parts), { login, problem }), status)
    const read = newPasswordIn(request, words)
    if ('unfit' in read) return again(read.unfit)
    const slug = slugOf(login)
    const device = await parts.devices.knowing(slug, request.headers.cookie)
    const caller = { login, address: parts.addressOf(request), ...(device && { device }) }
    const begun = parts.throttle.begin(caller, parts.now())
    if ('wait' in begun) return again(loginWords.throttled(begun.wait), 429)
    try {
      const result = await gate(async () => {
        const right = await parts.people.login(login, read.before)
        if ('refused' in right || parts.cluster.locks.of(slug, right.account.entryUUID)) return right
        return await parts.people.changePassword(login, read.before, read.after)
      })
      if ('came' in result) {
        begun.attempt.undecided()
        throw new PageError('busy')
      }
      if ('refused' in result) return again(words.wrongGiven, 401)
      begun.attempt.succeeded()
      if ('account' in result) return again(loginWords.locked, 403)
      if ('unfit' in result) return again(words.unfit(result.unfit))
    } catch (error) {
      if (!(error instanceof DirectoryError)) throw error
      begun.attempt.undecided()
      parts.log.error({ slug, reason: reasonOf(error) }, 'the directory could not be asked')
      throw new PageError('directory')
    }
    parts.log.info({ slug }, 'a one-time password was replaced by its person')
    response.redirect(303, '/login?after=changed')
  })
}
