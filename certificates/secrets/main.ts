import { runProgram } from '../../service/program.ts'
import { startSecrets } from './job.ts'
import { readSettings } from './settings.ts'

/** The Job that makes the secrets which Git must never hold. */
await runProgram({ name: 'secrets', settings: readSettings, start: startSecrets })
