import { z } from 'zod'
import {
  type Environment,
  given,
  PROGRAM,
  type Read,
  readSettings as read,
} from '../../../service/settings.ts'
import { readName } from '../decide.ts'

export interface Settings {
  /** Name of the copy. */
  readonly copy: string
  readonly url: string
  readonly sha256: string
  /** The place that it comes to. */
  readonly copies: string
  readonly scratch: string
}

const Variables = z
  .object({
    ...PROGRAM,
    DESKFLEET_COPY: given.refine((name) => readName(name) !== undefined, 'is no name of a copy'),
    DESKFLEET_COPY_URL: given.refine((url) => /^http:\/\/[^/]+:\d+\/[0-9a-f]+$/.test(url), 'is no loan'),
    DESKFLEET_COPY_SHA256: given.regex(/^[0-9a-f]{64}$/, 'is no SHA-256'),
    DESKFLEET_COPIES: given,
    DESKFLEET_SCRATCH: given,
  })
  .transform(
    (env): Settings => ({
      copy: env.DESKFLEET_COPY,
      url: env.DESKFLEET_COPY_URL,
      sha256: env.DESKFLEET_COPY_SHA256,
      copies: env.DESKFLEET_COPIES,
      scratch: env.DESKFLEET_SCRATCH,
    }),
  )

export const readSettings = (environment: Environment): Read<Settings> => read(Variables, environment)
