import { DESKTOP } from './names.ts'

/** What the webhook and the API server's own policies both hold a person's pod to. */

/** Work that yields to every desktop. The chart `namespaces` makes this class, and the one of desktops. */
export const BACKGROUND_PRIORITY = 'deskfleet-background'

/** Classes above people's desktops are for what logins depend on. */
export const PRIORITY_CLASSES: readonly string[] = [DESKTOP.priorityClass, BACKGROUND_PRIORITY]

/**
 * Where the kubelet keeps a container's last words: a file of the PC's disk that everybody may write and that counts against
 * no limit. It makes this file, and the folders above it, as root. Kubernetes has the first where nothing is said; desktops
 * have the second, below a folder that images keep to root, so that no program in them reaches it.
 */
export const TERMINATION_MESSAGES = ['/dev/termination-log', '/root/termination-log'] as const
export const UNREACHED_TERMINATION_MESSAGE = TERMINATION_MESSAGES[1]

/** What a container of a person's pod may fill of its PC's disk: its own layer, its log, and emptyDirs on disk. */
export const SCRATCH = { request: '64Mi', limit: '1Gi', most: '4Gi' } as const
