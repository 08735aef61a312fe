import { STORAGE_MOVE } from '../../config/names.ts'
import { runService } from '../../service/service.ts'
import { startMover } from './service.ts'
import { readSettings } from './settings.ts'

/** Moves homes from one storage to another while people work. */
await runService({ name: STORAGE_MOVE.program, settings: readSettings, start: startMover })
