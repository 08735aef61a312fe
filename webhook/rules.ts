import type { Rule } from './conflict.ts'
import { accountTexts, environment } from './environment-rules.ts'
import { mounts } from './mount-rules.ts'
import { containerPrivileges, podPrivileges } from './privilege-rules.ts'
import { volumes } from './volume-rules.ts'

/** Everything that a person's pod may not say. All rules are asked, so that a person mends a pod once. */
export const RULES: readonly Rule[] = [
  podPrivileges,
  containerPrivileges,
  volumes,
  mounts,
  environment,
  accountTexts,
]
