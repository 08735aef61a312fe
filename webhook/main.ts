/**
 * `webhook/`: Admission review in, JSON patch out: gives each pod of a person their identity and their home.
 */

import { runService } from '../service/service.ts'
import { startWebhook } from './service.ts'
import { readSettings } from './settings.ts'

/** The mutating webhook: answers the API server's reviews of people's pods. */
await runService({ name: 'webhook', settings: readSettings, start: startWebhook })
