import test from 'ava'
import stringWidth from 'string-width'
import { print, printOne } from '../../cli/output.ts'

const rows = [
  { login: 'ada', groups: ['people', 'administrators'], name: 'Ada Lovelace' },
  { login: 'joe', groups: [], name: '' },
]

test('a table has the columns of its first row, capitals above, and a dash where nothing is', (t) => {
  t.is(
    print(rows, 'table', 'nobody'),
    'LOGIN   GROUPS                  NAME\nada     people,administrators   Ada Lovelace\njoe     -                       -\n',
  )
  t.is(print([], 'table', 'nobody'), 'nobody\n')
})

test('json and yaml have everything, also when there is nothing', (t) => {
  t.deepEqual(JSON.parse(print(rows, 'json', 'nobody')), rows)
  t.is(print([], 'json', 'nobody'), '[]\n')
  t.is(print([{ a: 1 }], 'yaml', 'nobody'), '- a: 1\n')
})

test('one thing has a property a line, the values in one column', (t) => {
  t.is(printOne({ login: 'ada', home: '/home/ada' }, 'table'), 'login:  ada\nhome:   /home/ada\n')
})

test('columns stand below each other whatever signs are in them', (t) => {
  const names = ['Ada', '王小明', 'Zoë', '😀😀', 'e\u0301clair']
  const table = print(
    names.map((name) => ({ name, uid: 1 })),
    'table',
    'nobody',
  )
  const widths = table
    .split('\n')
    .filter(Boolean)
    .map((line) => stringWidth(line.replace(/\S+$/, '')))
  t.deepEqual([...new Set(widths)], [9])
})

test('in a terminal no line is wider than it, and nothing is cut inside a character', (t) => {
  const wide = [{ login: 'ada', groups: Array(30).fill('people'), name: `${'n'.repeat(127)}😀`, uid: 10_000 }]
  for (const columns of [80, 60, 45]) {
    const lines = print(wide, 'table', 'nobody', columns).split('\n')
    for (const line of lines)
      t.true(stringWidth(line) <= columns && line.isWellFormed(), `${columns}: ${line}`)
    t.regex(lines[1] ?? '', /^ada +people,.*… +n+… +10000$/)
  }
  t.true(print(wide, 'table', 'nobody').includes('n😀'), 'what reads it by a pipe gets all of it')
  t.true(print(wide, 'json', 'nobody', 40).includes('n😀'))
})
