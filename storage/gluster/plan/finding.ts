import type { Finding } from './facts.ts'

export const finding = (
  severity: Finding['severity'],
  reason: string,
  where: string,
  what: string,
  mend: string,
): Finding => ({ severity, reason, where, what, mend })
