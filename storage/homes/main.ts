/** `storage/`: Homes and the shared folder: made, bound to people, shown on the PCs that need them. */

import { STORAGE } from '../../config/names.ts'
import { runService } from '../../service/service.ts'
import { startHomes } from './service.ts'
import { readSettings } from './settings.ts'

/** The only maker of homes and of their volumes. */
await runService({ name: STORAGE.homes, settings: readSettings, start: startHomes })
