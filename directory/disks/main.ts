import { runService } from '../../service/service.ts'
import { startDisks } from './service.ts'
import { readSettings } from './settings.ts'

/** Gives each LDAP server a folder of its PC's own disk, and lets it begin anew elsewhere when that PC does not come back. */
await runService({ name: 'ldap-disks', settings: readSettings, start: startDisks })
