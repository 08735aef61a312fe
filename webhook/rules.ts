import type { Rule } from './conflict.ts'
import { environment, ownAnnotations } from './environment-rules.ts'
import { fields } from './field-rules.ts'
import { mounts } from './mount-rules.ts'
import { containerPrivileges, podPrivileges } from './privilege-rules.ts'
import { volumes } from './volume-rules.ts'

/** Everything that a person's pod may not say. All rules are asked, so that a person mends a pod once. */
export const RULES: readonly Rule[] = [
  fields,
  podPrivileges,
  containerPrivileges,
  volumes,
  mounts,
  environment,
  ownAnnotations,
]
