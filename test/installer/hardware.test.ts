import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import test from 'ava'

/** What a PC is too weak for, as functions from text to text. */

const FILE = join(import.meta.dirname, '../../installer/steps/hardware.sh')

function shell(call: string, input = ''): string {
  const { status, stdout, stderr } = spawnSync('sh', ['-euc', `. "$0"; ${call}`, FILE], {
    input,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr)
  return stdout.trim()
}

const GOOD = {
  root: '0',
  machine: 'x86_64',
  debian: '13',
  cores: '4',
  'memory-mib': '7800',
  'cpu-level': 'x86-64-v3',
  'disk-kind': 'ssd',
  'free-bytes': String(60 * 2 ** 30),
  link: '1000',
}
const judge = (facts: Partial<Record<keyof typeof GOOD | 'joined', string>>): string[] =>
  shell(
    'judge_hardware',
    Object.entries({ ...GOOD, ...facts })
      .map((pair) => pair.join(' '))
      .join('\n'),
  )
    .split('\n')
    .filter(Boolean)

test('a good PC is fit for all', (t) => {
  t.deepEqual(judge({}), [])
})

for (const [facts, why] of [
  [{ root: '1000' }, /^refuse only root/],
  [{ machine: 'i686' }, /^refuse its processor is i686/],
  [{ debian: '11' }, /^refuse it runs Debian 11: 12 or newer/],
  [{ debian: '' }, /^refuse it does not run Debian/],
  [{ cores: '1' }, /^refuse it has one core/],
  [{ 'memory-mib': '990' }, /^refuse it has 990 MiB of memory/],
  [{ 'free-bytes': '5000000000' }, /^refuse 4.7 GiB are free/],
] as const)
  test(`refused as a worker: ${JSON.stringify(facts)}`, (t) => {
    t.regex(judge(facts)[0] ?? '', why)
  })

test('a PC of the room that fills up is not refused when it is repaired', (t) => {
  t.deepEqual(
    judge({ 'free-bytes': '5000000000', joined: 'yes' }).map((line) => line.split(' ')[0]),
    ['weak'],
  )
})

for (const [facts, words] of [
  [{ 'memory-mib': '2900' }, ['weak desktops', 'weak master']],
  [{ 'free-bytes': String(12 * 2 ** 30) }, ['weak master']],
  [{ 'disk-kind': 'rotational' }, ['weak master']],
  [{ link: '100' }, ['weak brick']],
  [{ link: '0' }, ['weak brick']],
  [{ link: 'wireless' }, ['weak brick']],
] as const)
  test(`too weak for: ${JSON.stringify(facts)}`, (t) => {
    t.deepEqual(
      judge(facts).map((line) => line.split(' ').slice(0, 2).join(' ')),
      [...words],
    )
  })

const V2 = 'fpu pni ssse3 cx16 sse4_1 sse4_2 popcnt lahf_lm'
const V3 = `${V2} avx avx2 bmi1 bmi2 f16c fma abm movbe xsave`
test('the level of a processor is that of which it has every flag', (t) => {
  for (const [flags, level] of [
    ['fpu pni ssse3', 'x86-64-v1'],
    [V2, 'x86-64-v2'],
    [V3, 'x86-64-v3'],
    [V3.replace(' movbe', ''), 'x86-64-v2'],
    // A word that only begins like a flag is none.
    [V3.replace('avx2', 'avx2x'), 'x86-64-v2'],
    [`${V3} avx512f avx512bw avx512cd avx512dq avx512vl`, 'x86-64-v4'],
  ] as const)
    t.is(shell(`cpu_level '${flags}'`), level)
})
