import type { ServiceContext } from '../../service/service.ts'
import { openMounted } from '../mounted.ts'
import { openFolder } from './folder.ts'
import { keepCopies } from './keep.ts'
import { makeReport } from './report.ts'
import type { Settings } from './settings.ts'

/**
 * Copies the directory each night. It calls no API, so that who takes it over has what is in the directory and nothing
 * more; two at once, when a PC is cut off, make two copies.
 */
export async function startCopies(context: ServiceContext<Settings>): Promise<void> {
  const { settings, log, clock, signal, registry, readiness, closing } = context
  const { ldap, folder, schedule, recipients } = settings
  const listener = makeReport(registry, log, clock.wall)
  readiness.needs(listener.lacks)
  const directory = openMounted(ldap)
  closing.defer(() => directory.close())
  await keepCopies({ directory, folder: openFolder(folder), clock, schedule, recipients, listener }, signal)
}
