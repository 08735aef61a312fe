/** A mount, as the kernel lists it in `/proc/PID/mountinfo`. */
export interface Mount {
  readonly point: string
  /** Of the file system that it shows, as `major:minor`. */
  readonly device: string
  /** As `fuse.glusterfs`. */
  readonly type: string
  /** By the mount itself, or because the kernel made the whole file system so after an error. */
  readonly readOnly: boolean
}

/** A mount below a directory: its point is a name there. */
export type MountLine = Pick<Mount, 'point' | 'device' | 'type'>

/** The mounts below a directory, in the order in which they were made; the last of a place is the one that is seen. */
export const mountLines = (mountinfo: string, below: string): MountLine[] =>
  mountsIn(mountinfo).flatMap(({ point, device, type }) =>
    point.startsWith(`${below}/`) ? [{ point: point.slice(below.length + 1), device, type }] : [],
  )

/** The mount at exactly that path: the one that lies on top. */
export function mountedAt(mountinfo: string, path: string): Pick<Mount, 'type' | 'readOnly'> | undefined {
  const top = mountsIn(mountinfo).findLast(({ point }) => point === path)
  return top && { type: top.type, readOnly: top.readOnly }
}

const mountsIn = (mountinfo: string): Mount[] => mountinfo.split('\n').filter(Boolean).map(mountOf)

function mountOf(line: string): Mount {
  const fields = line.split(' ')
  // Before it stand any number of fields.
  const separator = fields.indexOf('-')
  const point = (fields[4] ?? '').replace(/\\(\d{3})/g, (_, octal) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  )
  const isReadOnly = (options = ''): boolean => options.split(',').includes('ro')
  return {
    point,
    device: fields[2] ?? '',
    type: fields[separator + 1] ?? '',
    readOnly: isReadOnly(fields[5]) || isReadOnly(fields[separator + 3]),
  }
}
