import { spawnSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { temporaryFolder } from '../harness/temporary-folder.ts'

/** How install.sh is called, and what it says when it is called wrongly. It looks at nothing for that. */

const SCRIPT = join(import.meta.dirname, '../../installer/install.sh')
const install = (...words: string[]) => spawnSync('sh', [SCRIPT, ...words], { encoding: 'utf8' })

test('--help says all verbs and options, and ends well', (t) => {
  const { status, stdout, stderr } = install('--help')
  t.is(status, 0)
  t.is(stderr, '')
  for (const word of [
    'init',
    'join',
    'repair',
    'status',
    'leave',
    '--apply',
    '--answers',
    '--bundle',
    '--disk',
    '--confirm',
    '--free-space',
  ])
    t.true(stdout.includes(word), word)
  t.regex(stdout, /Exit codes: 0 done, or nothing to do; 1 refused or failed; 2 called in a way/)
})

for (const [words, says] of [
  [[], /install\.sh join/],
  [['jion'], /there is no jion/],
  [['begin'], /there is no begin/],
  [['join', 'leave'], /join and leave: one at a time/],
  [['join', '--aply'], /there is no option --aply/],
  [['join', '--disk'], /--disk wants a value/],
  [['join', '--only', 'disks'], /there is no step disks: of these there are hardware packages/],
  [['join', '--only', 'platform'], /there is no step platform: .* join labels kiosk$/m],
  [['init', '--only', 'join'], /there is no step join: .* cluster labels platform hand-over kiosk$/m],
  [['join', '--disk', 'sdb'], /--disk wants a path/],
  [['join', '--no-brick', '--free-space'], /exclude each other/],
] as const)
  test(`wrong use ends with 2: ${words.join(' ') || 'nothing'}`, (t) => {
    const { status, stdout, stderr } = install(...words)
    t.is(status, 2)
    t.is(stdout, '')
    t.regex(stderr, says)
  })

const HASH = `sha256:${'0'.repeat(64)}`
const ANSWERS = `endpoint: 10.0.0.2:6443\nca-cert-hash: ${HASH}\ntoken: abcdef.0123456789abcdef\n`
function withAnswers(text: string, mode = 0o600) {
  const file = join(temporaryFolder(), 'answers.yaml')
  writeFileSync(file, text)
  chmodSync(file, mode)
  // Each file here has a mistake, which is told before anything is looked at.
  return install('join', '--answers', file)
}

for (const [what, text, mode, says] of [
  ['that others can read', ANSWERS, 0o644, /holds secrets, and its mode is 644\n.*mend: chmod 0600/],
  [
    'with a key that is none',
    `${ANSWERS}tokn: x\n`,
    0o600,
    /answers\.yaml:4: there is no answer called tokn\n.*there are: name endpoint/,
  ],
  ['with a key twice', `${ANSWERS}endpoint: 10.0.0.3:6443\n`, 0o600, /:1: endpoint stands there twice/],
  [
    'with a hash that pins nothing',
    ANSWERS.replace(HASH, 'sha256:any'),
    0o600,
    /:2: the value of ca-cert-hash/,
  ],
  ['with a token that is none', ANSWERS.replace('abcdef.', 'ABC.'), 0o600, /:3: the value of token/],
  ['with a command in a name', `name: pc-7;reboot\n`, 0o600, /:1: the value of name/],
  ['with a pattern for a key', `.*: x\n`, 0o600, /:1: there is no answer called \.\*/],
] as const)
  test(`an answer file ${what} is refused, with line and mend, and without showing a secret`, (t) => {
    const { status, stdout, stderr } = withAnswers(text, mode)
    t.is(status, 1)
    t.is(stdout, '')
    t.regex(stderr, says)
    t.notRegex(stderr, /0123456789abcdef/)
  })

test('an answer file that is not there is told with how one is made', (t) => {
  const { status, stderr } = install('join', '--answers', '/nonexistent/answers')
  t.is(status, 1)
  t.regex(stderr, /there is no answer file \/nonexistent\/answers\n.*npx deskfleet node-config/)
})

test('the command line of a master says where it works, and does nothing elsewhere', (t) => {
  const wrapper = join(import.meta.dirname, '../../installer/files/deskfleet')
  const { status, stdout, stderr } = spawnSync('sh', [wrapper, 'people', 'list'], { encoding: 'utf8' })
  t.is(status, 1)
  t.is(stdout, '')
  t.regex(stderr, /^deskfleet: this works on a master, as root/)
})
