const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** An amount of bytes as makers of disks count them: `2.0 TB`. */
export const sizeOf = (bytes: number): string => {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)))
  return `${(bytes / 1000 ** power).toFixed(power < 2 ? 0 : 1)} ${UNITS[power]}`
}
