import { runService } from '../../service/service.ts'
import { startKeeper } from './service.ts'
import { readSettings } from './settings.ts'

/** Keeps the cluster's authorities and what they sign. */
await runService({
  name: 'certificate-keeper',
  settings: readSettings,
  start: (context) => startKeeper(context),
})
