import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import test from 'ava'

/** What is done about a PC's brick, as a function of what is on its disks: no disk is needed for it. */

const PLAN = join(import.meta.dirname, '../../installer/steps/disk-plan.awk')

interface Wish {
  readonly choice?: 'disk' | 'free' | 'none'
  readonly disk?: string
  readonly confirm?: string
  readonly wipe?: string
  readonly wipe_brick?: string
  readonly me?: string
}

function plan(facts: readonly string[], { choice, me = 'pc-7', ...rest }: Wish): string {
  const words = {
    choice: choice ?? '',
    disk: '',
    confirm: '',
    wipe: '',
    wipe_brick: '',
    ...rest,
    me,
    least: '8000000000',
  }
  const args = Object.entries(words).flatMap(([name, value]) => ['-v', `${name}=${value}`])
  const { status, stdout, stderr } = spawnSync('awk', [...args, '-f', PLAN], {
    input: `${facts.join('\n')}\n`,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr)
  return stdout.trimEnd()
}

const SYSTEM = [
  'disk sda 240000000000 S-SYSTEM gpt - 11111111-2222',
  'part sda1 sda 500000000 vfat EFI',
  'use sda1 sda mounted /boot/efi',
  'part sda2 sda 80000000000 ext4 -',
  'use sda2 sda root /',
  'free sda 150000000000 157286400',
]
const BLANK = ['disk sdb 1000000000000 S-DATA - - -']
const onSdb: Wish = { choice: 'disk', disk: 'sdb', confirm: 'S-DATA' }
const table = (...parts: string[]) => ['disk sdb 1000000000000 S-DATA gpt - 99-99', ...parts]
const BRICK = 'part sdb1 sdb 999000000000 xfs deskfleet-brick'

test('an empty disk that is named and confirmed becomes the brick; so does one with an empty table', (t) => {
  t.is(plan([...SYSTEM, ...BLANK], onSdb), 'table sdb')
  t.is(plan([...SYSTEM, ...table()], onSdb), 'table sdb')
})

const REFUSED: readonly [string, readonly string[], Wish, RegExp][] = [
  ['a disk that is not there', SYSTEM, { ...onSdb, disk: 'missing' }, /no such disk/],
  [
    'a partition',
    [...SYSTEM, ...table(BRICK)],
    { ...onSdb, disk: 'sdb1' },
    /is a partition \| name the whole disk, sdb/,
  ],
  [
    'the disk of the system',
    SYSTEM,
    { choice: 'disk', disk: 'sda', confirm: 'S-SYSTEM' },
    /disk of this system/,
  ],
  [
    'the disk of the system, whatever may be wiped',
    SYSTEM,
    { choice: 'disk', disk: 'sda', confirm: 'S-SYSTEM', wipe: '11111111-2222', wipe_brick: 'S-SYSTEM' },
    /disk of this system/,
  ],
  ['a serial that nobody confirmed', [...SYSTEM, ...BLANK], { ...onSdb, confirm: '' }, /--confirm S-DATA/],
  [
    'another serial',
    [...SYSTEM, ...BLANK],
    { ...onSdb, confirm: 'S-OTHER' },
    /serial of sdb is S-DATA, and --confirm says S-OTHER/,
  ],
  ['a disk without a serial', ['disk sdb 1000000000000 - - - -'], onSdb, /no serial/],
  [
    'a mounted partition',
    [...table('part sdb1 sdb 9 ext4 -', 'use sdb1 sdb mounted /srv')],
    onSdb,
    /sdb1 is mounted at \/srv/,
  ],
  [
    'a mounted partition, whatever may be wiped',
    [...table('part sdb1 sdb 9 ext4 -', 'use sdb1 sdb mounted /srv')],
    { ...onSdb, wipe: '99-99' },
    /sdb1 is mounted/,
  ],
  ['a disk that is mounted whole', [...BLANK, 'use sdb sdb mounted /srv'], onSdb, /sdb is mounted/],
  [
    'swap',
    [...table('part sdb1 sdb 9 swap -', 'use sdb1 sdb swap -')],
    onSdb,
    /is swap \| swapoff \/dev\/sdb1/,
  ],
  [
    'a part of LVM or RAID',
    [...table('part sdb1 sdb 9 LVM2_member -', 'use sdb1 sdb held dm-0')],
    onSdb,
    /part of dm-0/,
  ],
  [
    'a table with partitions',
    table('part sdb1 sdb 9000000000 ntfs Windows'),
    onSdb,
    /sdb1 9.0 GB ntfs \| .*--wipe 99-99/,
  ],
  [
    'one that is called otherwise',
    table('part sdb1 sdb 9 ntfs -'),
    { ...onSdb, wipe: 'sdb' },
    /--wipe says sdb, and what is on sdb is 99-99/,
  ],
  [
    'a file system without a table',
    ['disk sdb 1000000000000 S-DATA - ext4 77-77'],
    onSdb,
    /has something on it: ext4/,
  ],
  ['a small disk', ['disk sdb 4000000000 S-DATA - - -'], onSdb, /has 4.0 GB, and a brick wants 8.0 GB/],
  [
    'the brick of another PC',
    [...table(BRICK), 'brick sdb1 sdb data pc-3'],
    onSdb,
    /is the brick of pc-3, and this PC is called pc-7/,
  ],
  [
    'files of Gluster',
    [...table(BRICK), 'brick sdb1 sdb data -'],
    onSdb,
    /holds files of a Gluster volume.*--wipe-brick S-DATA/,
  ],
  ['the copy of a brick', [...table(BRICK), 'brick sdb1 sdb data ?'], onSdb, /copy of another brick/],
  ['a brick that cannot be read', [...table(BRICK), 'brick sdb1 sdb damaged -'], onSdb, /cannot be read/],
  [
    'a brick, where the table may be wiped and the brick was not named',
    [...table(BRICK), 'brick sdb1 sdb data -'],
    { ...onSdb, wipe: '99-99' },
    /--wipe-brick S-DATA/,
  ],
  [
    'a brick whose serial is another',
    [...table(BRICK), 'brick sdb1 sdb data pc-7'],
    { ...onSdb, wipe_brick: 'S-OTHER' },
    /--wipe-brick says S-OTHER/,
  ],
  [
    'a second brick',
    [...SYSTEM, ...table(BRICK), 'brick sdb1 sdb data pc-7', 'disk sdc 1000000000000 S-3 - - -'],
    { choice: 'disk', disk: 'sdc', confirm: 'S-3' },
    /a brick on sdb1 already/,
  ],
  [
    'what is free, and too little',
    [...SYSTEM.slice(0, -1), 'free sda 3000000000 157286400'],
    { choice: 'free' },
    /3.0 GB, and a brick wants 8.0/,
  ],
  [
    'what is free, in an old table',
    SYSTEM.map((line) => line.replace(' gpt ', ' dos ')),
    { choice: 'free' },
    /table of sda is dos/,
  ],
  ['what is free, where the system is on no known disk', BLANK, { choice: 'free' }, /not found/],
  [
    'none, where there is one',
    [...table(BRICK), 'use sdb1 sdb brick /b', 'brick sdb1 sdb data pc-7'],
    { choice: 'none' },
    /has a brick/,
  ],
  [
    'emptying a brick that is in use',
    [...table(BRICK), 'use sdb1 sdb brick /b', 'brick sdb1 sdb data pc-7'],
    { wipe_brick: 'S-DATA' },
    /in use as the brick/,
  ],
]
for (const [what, facts, wish, why] of REFUSED) {
  test(`refused: ${what}`, (t) => {
    const said = plan(facts, wish)
    t.regex(said, /^refuse .+ \| .+$/)
    t.regex(said, why)
  })
}

test('what is on a disk goes where it is named exactly', (t) => {
  t.is(
    plan(table('part sdb1 sdb 9 ntfs -', 'part sdb2 sdb 9 ext4 -'), { ...onSdb, wipe: '99-99' }),
    'erase sdb',
  )
  t.is(plan(['disk sdb 1000000000000 S-DATA - ext4 77-77'], { ...onSdb, wipe: '77-77' }), 'erase sdb')
})

test('a brick of this PC is kept, also where its disk is named, and where nothing is said', (t) => {
  const facts = [...SYSTEM, ...table(BRICK), 'brick sdb1 sdb data pc-7']
  for (const wish of [onSdb, {}, { choice: 'free' } as const]) t.is(plan(facts, wish), 'keep sdb1')
  t.is(plan([...table(BRICK), 'brick sdb1 sdb empty -'], onSdb), 'keep sdb1')
})

test('a brick of another PC is kept by a PC that is called so', (t) => {
  t.is(plan([...table(BRICK), 'brick sdb1 sdb data pc-3'], { ...onSdb, me: 'pc-3' }), 'keep sdb1')
})

test('a brick is emptied where its disk is told by its serial', (t) => {
  for (const owner of ['pc-7', 'pc-3', '-', '?'])
    t.is(
      plan([...table(BRICK), `brick sdb1 sdb data ${owner}`], { ...onSdb, wipe_brick: 'S-DATA' }),
      'empty sdb1',
    )
})

test('what was begun is gone on with, whatever is in it: it never held a file', (t) => {
  const facts = table('part sdb1 sdb 999 xfs deskfleet-making')
  for (const wish of [onSdb, {}]) t.is(plan(facts, wish), 'finish sdb1')
})

test('what is free on the disk of the system is taken where it is asked for, and not by itself', (t) => {
  t.is(plan(SYSTEM, { choice: 'free' }), 'append sda')
  t.regex(plan([...SYSTEM, ...BLANK], {}), /^choose \| /)
})

test('a brick that is mounted is done', (t) => {
  const facts = [...SYSTEM, ...table(BRICK), 'use sdb1 sdb brick /b', 'brick sdb1 sdb data pc-7']
  for (const wish of [onSdb, {}, { choice: 'free' } as const]) t.is(plan(facts, wish), 'done sdb1')
  t.regex(plan(facts, { me: 'pc-9' }), /is the brick of pc-7, and this PC is called pc-9/)
})

test('no brick is no brick', (t) => {
  t.is(plan([...SYSTEM, ...BLANK], { choice: 'none' }), 'none')
})
