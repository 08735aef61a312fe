/**
 * Paths of files on their way from a page to a home. A name is bytes: any but `/` and 0. In addresses a path stands
 * percent-encoded, as everybody writes it, and is never taken for text on the way.
 */

/** Bytes of a path at most, as Linux has it. */
export const LONGEST_PATH = 4_096

/** Bytes that the list of a folder has as JSON, at most; the gateway reads no more than a mebibyte. */
export const LONGEST_LIST = 1_000_000

/** The bytes of an encoded path; undefined where it is none. */
export function pathBytes(encoded: string): Buffer | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(encoded)) return undefined
  const plain = Buffer.from(encoded)
  const bytes = Buffer.alloc(plain.length)
  let length = 0
  for (let at = 0; at < plain.length; at++) {
    const escaped = plain[at] === 0x25
    bytes[length++] = escaped
      ? Number.parseInt(plain.toString('latin1', at + 1, at + 3), 16)
      : (plain[at] ?? 0)
    if (escaped) at += 2
  }
  return bytes.subarray(0, length)
}

/** A path or a name as it stands in an address: plain ASCII, for text the same as `encodeURIComponent` makes of it. */
export function encodedPath(bytes: Uint8Array): string {
  const text = textOf(bytes)
  if (text !== undefined) return encodeURIComponent(text)
  return [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`).join('')
}

/** The parameter `path` of an address, still encoded; undefined where it is missing or there twice. */
export function pathAsked(address: string): string | undefined {
  const query = address.split('?').slice(1).join('?')
  const [value, ...others] = query
    .split('&')
    .flatMap((part) => (part.startsWith('path=') ? [part.slice(5)] : []))
  return others.length > 0 ? undefined : value
}

/** What a person sees of a name: all of it, on one line, and no two names the same but for a backslash in one. */
export function shownName(bytes: Uint8Array): string {
  const text = textOf(bytes)
  if (text !== undefined) return text.replace(UNSEEN, escaped)
  let shown = ''
  for (let at = 0; at < bytes.length; ) {
    const length = [4, 3, 2, 1].find((one) => isOneSign(bytes.subarray(at, at + one), one))
    if (length === undefined) shown += hex(bytes[at] ?? 0)
    else shown += (textOf(bytes.subarray(at, at + length)) ?? '').replace(UNSEEN, escaped)
    at += length ?? 1
  }
  return shown
}

/** Control characters, ends of lines, signs without a width, and what turns the direction of writing: `gpj.exe` could look like a picture. */
const UNSEEN = /[\p{Cc}\u2028\u2029\u200b\u200e\u200f\ufeff\u202a-\u202e\u2066-\u2069]/gu

const hex = (byte: number): string => `\\x${byte.toString(16).padStart(2, '0').toUpperCase()}`
const escaped = (sign: string): string => {
  const point = sign.codePointAt(0) ?? 0
  return point < 0x80 ? hex(point) : `\\u{${point.toString(16).toUpperCase()}}`
}

const isOneSign = (bytes: Uint8Array, length: number): boolean =>
  bytes.length === length && [...(textOf(bytes) ?? '')].length === 1

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return UTF8.decode(bytes)
  } catch {
    return undefined
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
