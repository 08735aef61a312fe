import test from 'ava'
import { sentence } from '../../config/findings.ts'
import { textOf } from '../../config/utf8.ts'

const said = (...parts: (string | number[])[]): string => {
  const bytes = Buffer.concat(parts.map((part) => Buffer.from(part as string)))
  const read = textOf('cluster.yaml', bytes)
  return 'text' in read ? `read: ${read.text}` : sentence(read)
}

test('UTF-8 is read as it is, also with a mark at its beginning', (t) => {
  t.is(said('title: "Büro ☃ 🖥"\n'), 'read: title: "Büro ☃ 🖥"\n')
  t.is(said([0xef, 0xbb, 0xbf], 'a: 1'), 'read: \ufeffa: 1')
  t.is(said(''), 'read: ')
})

test('what is none is named with its line and column, in characters', (t) => {
  const latin = said('domain: a.org\ntitle: "Ö B', [0xfc], 'ro"\n')
  t.regex(latin, /^cluster\.yaml:2: the byte 0xFC in column 12 is no UTF-8; .*save it as UTF-8/)
  t.regex(said([0xff, 0xfe], 'd\0'), /^cluster\.yaml:1: the byte 0xFF in column 1 /, 'UTF-16')
  t.regex(said('a: ', [0xe2, 0x82]), /^cluster\.yaml:1: the byte 0xE2 in column 4 /, 'cut in the middle')
  t.regex(said('a: ', [0xed, 0xa0, 0x80], '\nb'), /^cluster\.yaml:1: the byte 0xED /, 'half a surrogate')
})
