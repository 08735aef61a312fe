import { isUtf8 } from 'node:buffer'
import type { Finding } from './findings.ts'
import type { SourceFile } from './source.ts'

const NEWLINE = 0x0a

/** The text of a file; where it is not UTF-8, the place of the first byte that is none. */
export function textOf(name: string, bytes: Buffer): SourceFile | Finding {
  if (isUtf8(bytes)) return { name, text: bytes.toString('utf8') }
  let line = 1
  for (let from = 0; ; line++) {
    const end = bytes.indexOf(NEWLINE, from)
    const part = bytes.subarray(from, end < 0 ? bytes.length : end)
    if (!isUtf8(part)) return noUtf8(name, line, part)
    from = end + 1
  }
}

function noUtf8(name: string, line: number, part: Buffer): Finding {
  const before = validPart(part)
  const column = [...before.toString('utf8')].length + 1
  const byte = (part[before.length] ?? 0).toString(16).toUpperCase().padStart(2, '0')
  return {
    severity: 'error',
    where: `${name}:${line}`,
    what: `the byte 0x${byte} in column ${column} is no UTF-8`,
    rule: 'the file is read as UTF-8',
    mend: 'save it as UTF-8: editors call it the encoding of the file',
  }
}

/** The longest beginning that is UTF-8. */
function validPart(part: Buffer): Buffer {
  let length = part.length
  while (!isUtf8(part.subarray(0, length))) length--
  return part.subarray(0, length)
}
