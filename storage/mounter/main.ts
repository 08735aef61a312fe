import { STORAGE } from '../../config/names.ts'
import { runService } from '../../service/service.ts'
import { startMounter } from './service.ts'
import { readSettings } from './settings.ts'

/** Shows on this PC the homes that its pods use. Ends at once when told; the mounts are the PC's and stay. */
await runService({ name: STORAGE.mounter, settings: readSettings, start: startMounter })
