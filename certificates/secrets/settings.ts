import { z } from 'zod'
import { type Environment, PROGRAM, type Read, readSettings as read } from '../../service/settings.ts'

/** The Job has nothing to be told but how much to log. */
const Variables = z.object(PROGRAM)

export const readSettings = (environment: Environment): Read<object> => read(Variables, environment)
