import { DESKTOP } from '../config/names.ts'
import { BACKGROUND_PRIORITY } from '../config/pod-bounds.ts'

/** Which pods give way to which on a full PC. The chart `namespaces` makes these classes. */
export const PRIORITIES = {
  /** What logins depend on: directory, webhook, gateway. */
  platform: { name: 'deskfleet-platform', value: 1_000_000, why: 'Programs that every login hangs on.' },
  /** People's desktops. */
  desktop: { name: DESKTOP.priorityClass, value: 1_000, why: "People's desktops." },
  /** Whatever may wait: pre-pulled images, backups, the administrator's own services by default. */
  background: { name: BACKGROUND_PRIORITY, value: -100, why: 'Work that yields to every desktop.' },
} as const
