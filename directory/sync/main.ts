import { runService } from '../../service/service.ts'
import { startSync } from './service.ts'
import { readSettings } from './settings.ts'

/** The identity sync: publishes to the cluster who is who in LDAP. */
await runService({ name: 'identity-sync', settings: readSettings, start: startSync })
