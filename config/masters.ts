import { z } from 'zod'
import { recipientsOf } from './copies.ts'
import { choice, duration, says, section } from './fields.ts'
import type { Finding } from './findings.ts'
import type { Locate } from './source.ts'

/** How many PCs are masters, and what happens when one of them dies. */
export const masters = section('masters', {
  count: z
    .union(
      [z.literal('auto'), z.literal(1), z.literal(3), z.literal(5)],
      says(
        'it must be auto, 1, 3 or 5',
        'write auto (1 below three PCs, 3 from three, 5 from seven), 1, 3 or 5',
      ),
    )
    .default('auto')
    .describe('How many PCs are masters. auto: 1 below three PCs, 3 from three, 5 from seven.'),
  mode: choice('Act', 'Suggest', 'Observe')
    .default('Act')
    .describe(
      'Whether another PC is made a master when one is dead (Act), or only named, with the reasons (Suggest), or nothing but the sick one is told of (Observe).',
    ),
  deadAfter: duration
    .default('5m')
    .describe(
      'How long a master must be silent, for its etcd, its API server and other PCs too, before it counts as dead. Longer than a reboot takes.',
    ),
  reboot: choice('Always', 'IfUptimeOver', 'Never')
    .default('Always')
    .describe(
      'Whether a PC is emptied and rebooted before it becomes a master: always, if it is up for more than a week, or never; then its desktops go on.',
    ),
  backup: choice('Required', 'Preferred')
    .optional()
    .describe(
      'Whether masters are changed only while a backup of the last six hours is proven, or without one too when none can be made. Default: Required where `copies.recipients` names a key, else Preferred.',
    ),
  copies: section('masters.copies', {
    recipients: recipientsOf('deskfleet backup key').describe(
      'Public keys for which each half hour a copy of etcd, all that the cluster knows, is encrypted. Any one of the private keys opens it; without a key no copy is made, and nothing brings the room back when all masters are lost. docs/recover.md.',
    ),
  }).prefault({}),
}).prefault({})

type Parsed = z.output<typeof masters>
/** What follows from other settings is filled in. */
export interface Masters extends Parsed {
  readonly backup: 'Required' | 'Preferred'
}

/** Whether etcd is copied: somebody has a key. */
export const isCopied = ({ copies }: Pick<Parsed, 'copies'>): boolean => copies.recipients.length > 0

/** A room that was just begun has no key; its masters shall be replaced all the same. */
export const completeMasters = (parsed: Parsed): Masters => ({
  ...parsed,
  backup: parsed.backup ?? (isCopied(parsed) ? 'Required' : 'Preferred'),
})

const MEND = 'run "npx deskfleet backup key FILE" and write the public key it prints there: docs/recover.md'

/** A copy that is asked for, and never made. */
export function mastersFindings(parsed: Parsed, where: Locate): Finding[] {
  if (parsed.backup !== 'Required' || isCopied(parsed)) return []
  return [
    {
      severity: 'error',
      where: where(['masters', 'backup']),
      what: 'masters.backup is Required, and masters.copies.recipients names no key',
      rule: 'a master would never be replaced, since no copy of etcd is made without a key',
      mend: `${MEND}; or write backup: Preferred`,
    },
  ]
}

export function mastersAdvice(parsed: Parsed, where: Locate): Finding[] {
  if (isCopied(parsed)) return []
  return [
    {
      severity: 'warning',
      where: where(['masters']),
      what: 'masters.copies.recipients names no key, so nobody copies etcd',
      rule: 'when all masters are lost, so is all that the cluster knows, and a master is replaced without a way back',
      mend: MEND,
    },
  ]
}
