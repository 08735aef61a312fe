/** An amount of bytes in words of the page's language: `1 byte`, `2.5 MB`. */
export function amount(bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte']
  const step = Math.min(3, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  const format = {
    style: 'unit',
    unit: units[step] ?? 'byte',
    // The short name of a byte has no plural.
    unitDisplay: step === 0 ? 'long' : 'short',
    maximumFractionDigits: 1,
  } as const
  return new Intl.NumberFormat(document.documentElement.lang, format).format(bytes / 1000 ** step)
}
