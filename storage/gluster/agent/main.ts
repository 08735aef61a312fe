import { GLUSTER } from '../../../config/names.ts'
import { runService } from '../../../service/service.ts'
import { startAgent } from './service.ts'
import { readSettings } from './settings.ts'

/** Keeps glusterd and the brick of this PC; the one that leads keeps the volume. glusterd goes on when it ends. */
await runService({ name: GLUSTER.server, settings: readSettings, start: startAgent })
