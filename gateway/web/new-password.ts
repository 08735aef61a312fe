import type { Request } from 'express'
import { canonical } from '../../directory/password.ts'
import { field, PASSWORD_FIELD } from '../request/exchange.ts'
import type { Texts } from '../texts/texts.ts'

/** The three fields of a form for a new password, or what is wrong with them before anybody is asked. */
export function newPasswordIn(
  request: Request,
  words: Texts['password'],
): { readonly before: string; readonly after: string } | { readonly unfit: string } {
  const [before = '', after = '', repeated = ''] = ['before', 'after', 'again'].map((name) =>
    field(request, name, PASSWORD_FIELD),
  )
  if ([before, after, repeated].some((text) => text.trim() === '')) return { unfit: words.blank }
  if (canonical(after) !== canonical(repeated)) return { unfit: words.differ }
  if (canonical(after) === canonical(before)) return { unfit: words.same }
  return { before, after }
}
