/** What a disk does at most, each second. */
export interface Pace {
  readonly requests: number
  readonly bytes: number
}

/** Of a disk that is dying: every request takes 50 ms, and a megabyte a second. */
export const DYING: Pace = { requests: 20, bytes: 1 << 20 }

/**
 * Shell lines that let a PC go no faster than that on a disk; without a pace, as fast as it can. cgroups of either kind
 * hold back whoever asks: with the new kind everybody below one folder, with the old one the processes of each folder
 * alone, so all that there are now are told.
 *
 * @param group the cgroup above everything that runs on the PC
 * @param device MAJOR:MINOR
 * @param root where cgroups are
 */
export function paceLines(group: string, device: string, pace?: Pace, root = '/sys/fs/cgroup'): string {
  const old = ['read', 'write'].flatMap((way) => [
    `echo "${device} ${pace?.requests ?? 0}" >"$folder/blkio.throttle.${way}_iops_device"`,
    `echo "${device} ${pace?.bytes ?? 0}" >"$folder/blkio.throttle.${way}_bps_device"`,
  ])
  const [requests, bytes] = [pace?.requests ?? 'max', pace?.bytes ?? 'max']
  return `
top="${root}/blkio${group}"
if [ -e "$top/blkio.throttle.read_bps_device" ]; then
  find "$top" -type d | while read -r folder; do
    # A container may have ended meanwhile.
    [ -d "$folder" ] || continue
    ${old.join('\n    ')}
  done
elif [ -e "${root}${group}/io.max" ]; then
  echo "${device} riops=${requests} wiops=${requests} rbps=${bytes} wbps=${bytes}" >"${root}${group}/io.max"
else
  echo "this machine's kernel holds back nobody on a disk: it lacks CONFIG_BLK_DEV_THROTTLING" >&2
  exit 1
fi`
}
