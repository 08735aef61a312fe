/** A time as settings have it, `30m` or `8h` (`duration` of fields.ts), in seconds. */
export const secondsOf = (time: string): number =>
  Number(time.slice(0, -1)) * (time.endsWith('h') ? 3_600 : 60)
