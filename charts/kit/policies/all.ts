import { boundaries } from './boundaries.ts'
import { caBundles, images, resources, retention, secrets } from './contents.ts'
import { podSecurity } from './pod-security.ts'
import type { Policy } from './policy.ts'
import { references } from './references.ts'
import { routes } from './routes.ts'
import { fields, names } from './shape.ts'

/** Every rule that `dist/` keeps; all are checked, and all findings are shown at once. */
export const POLICIES: Readonly<Record<string, Policy>> = {
  names,
  fields,
  references,
  podSecurity,
  secrets,
  caBundles,
  images,
  resources,
  retention,
  boundaries,
  routes,
}
