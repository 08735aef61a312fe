/** A mount, as the kernel lists it. */
export interface MountLine {
  /** Below the directory that was asked for. */
  readonly point: string
  /** Of the file system that it shows, as `major:minor`. */
  readonly device: string
  /** As `fuse.glusterfs`. */
  readonly type: string
}

/** The mounts below a directory, in the order in which they were made; the last of a place is the one that is seen. */
export function mountLines(mountinfo: string, below: string): MountLine[] {
  return mountinfo.split('\n').flatMap((line) => {
    const fields = line.split(' ')
    const point = (fields[4] ?? '').replace(/\\(\d{3})/g, (_, octal) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    )
    const [device = '', type = ''] = [fields[2], fields[fields.indexOf('-') + 1]]
    return point.startsWith(`${below}/`) ? [{ point: point.slice(below.length + 1), device, type }] : []
  })
}
