import { z } from 'zod'
import { choice, duration, says, section } from './fields.ts'

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
    .default('Required')
    .describe(
      'Whether masters are changed only while a backup of the last six hours is proven, or without one too when none can be made.',
    ),
}).prefault({})
