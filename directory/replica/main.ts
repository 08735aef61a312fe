import { runService } from '../../service/service.ts'
import { startReplica } from './service.ts'
import { readSettings } from './settings.ts'

/** Beside each of several LDAP servers: whether it may be read, and whether it is the one that takes writes. */
await runService({ name: 'ldap-replica', settings: readSettings, start: startReplica })
