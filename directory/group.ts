import { z } from 'zod'
import { FIRST_GROUP_GID, KERNEL_NUMBERS, LAST_UID, TAKEN_NAMES } from '../config/names.ts'
import { type DirectoryFinding, finding } from './findings.ts'
import { nameOf, single } from './person.ts'

/** A posixGroup and who is in it, by either way that directories say it. */
export interface Group {
  readonly dn: string
  readonly name: string
  readonly gid: number
  readonly description: string
  /** `member`: DNs, normalised by {@link normalDN}. */
  readonly members: ReadonlySet<string>
  /** `memberUid`: logins. */
  readonly logins: ReadonlySet<string>
}

export const GROUP_ATTRIBUTES = [
  ...['cn', 'gidNumber', 'description', 'member', 'memberUid'],
  ...['entryUUID', 'modifyTimestamp', 'entryCSN'],
]

/** A name that can stand in a group file. */
export const GROUP_NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/
/** Names that mean power over a machine somewhere, whatever their number. */
export const POWERFUL = new Set(
  [
    ...[
      'root',
      'wheel',
      'sudo',
      'admin',
      'adm',
      'docker',
      'podman',
      'containerd',
      'lxd',
      'incus',
      'libvirt',
      'kvm',
    ],
    ...TAKEN_NAMES,
    ...['disk', 'shadow', 'systemd-journal', 'kmem', 'tty', 'staff', 'operator'],
  ].map((name) => name.toLowerCase()),
)

const many = z.union([z.array(z.string()), z.string().transform((value) => [value])]).catch([])

const Entry = z.object({
  dn: z.string().min(1),
  cn: z.union([
    single,
    z
      .array(z.string())
      .min(1)
      .transform((values) => values[0] ?? ''),
  ]),
  gidNumber: single.pipe(z.string().regex(/^\d{1,10}$/)).transform(Number),
  description: z.union([z.string(), z.array(z.string()).transform((values) => values.join(' '))]).catch(''),
  member: many,
  memberUid: many,
})

/** Reads one entry: a group that people may be in, or by name why it is none. Never throws. */
export function readGroup(entry: unknown): Group | DirectoryFinding {
  const parsed = Entry.safeParse(entry)
  if (!parsed.success)
    return finding('GroupUnfit', nameOf(entry), 'cn or gidNumber missing or not of the right form')
  const { dn, cn: name, gidNumber: gid, description, member, memberUid } = parsed.data
  if (!GROUP_NAME.test(name))
    return finding('GroupUnfit', nameOf(entry), 'its name cannot stand in a group file')
  if (POWERFUL.has(name.toLowerCase()))
    return finding('GroupUnfit', name, 'a group of that name rules machines')
  if (gid < FIRST_GROUP_GID || gid > LAST_UID)
    return finding('GroupUnfit', name, `gid ${gid} is one of the system's`)
  if (KERNEL_NUMBERS.includes(gid))
    return finding('GroupUnfit', name, `gid ${gid} is the kernel's own "nobody"`)
  return { dn, name, gid, description, members: new Set(member.map(normalDN)), logins: new Set(memberUid) }
}

/** A DN as it can be compared: in lower case, no spaces around separators, one where there are several. */
export function normalDN(dn: string): string {
  const lower = dn.toLowerCase()
  // Most have none, and a group may list ten thousand.
  if (!/\s/.test(lower)) return lower
  return lower
    .trim()
    .replace(/\s*([,=+])\s*/g, '$1')
    .replace(/\s+/g, ' ')
}
