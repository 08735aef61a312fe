import { runService } from '../../service/service.ts'
import { startCopies } from './service.ts'
import { readSettings } from './settings.ts'

/** Copies the directory each night, encrypted for keys that the room does not have. */
await runService({ name: 'directory-copies', settings: readSettings, start: startCopies })
