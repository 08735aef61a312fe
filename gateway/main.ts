/**
 * `gateway/`: What people see in the browser: login, desktops on demand, their screens and files, the administrator's
 * page. One of its replicas starts and stops desktops.
 */

import { runService } from '../service/service.ts'
import { startGateway } from './service.ts'
import { readSettings } from './settings.ts'

await runService({ name: 'gateway', settings: readSettings, start: startGateway })
