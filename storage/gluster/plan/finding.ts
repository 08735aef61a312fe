import type { Finding } from './facts.ts'

export const finding = (
  severity: Finding['severity'],
  reason: string,
  where: string,
  what: string,
  mend: string,
): Finding => ({ severity, reason, where, what, mend })

const RANK: Readonly<Record<Finding['severity'], number>> = { trouble: 0, degraded: 1, short: 2, working: 3 }

/** Those of one severity stay in the order in which they came. */
export const worstFirst = (all: readonly Finding[]): Finding[] =>
  [...all].sort((a, b) => RANK[a.severity] - RANK[b.severity])
