import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { DYING, paceLines } from '../../../lab/room/slow-disk.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'

/** The lines act on plain files here: which ones the kernel has depends on its cgroups, and both kinds are about. */
function run(cgroups: string, pace?: typeof DYING): void {
  execFileSync('sh', ['-euc', paceLines('/room/pc', '7:3', pace, cgroups)])
}

const OLD = ['read_iops', 'read_bps', 'write_iops', 'write_bps'].map(
  (name) => `blkio.throttle.${name}_device`,
)

test('with the old kind of cgroups every folder of the PC is told, and nobody else', (t) => {
  const cgroups = temporaryFolder()
  const folders = ['room', 'room/pc', 'room/pc/pods', 'room/pc/pods/one'].map((path) =>
    join(cgroups, 'blkio', path),
  )
  for (const folder of folders) {
    mkdirSync(folder, { recursive: true })
    for (const name of OLD) writeFileSync(join(folder, name), '')
  }
  const said = (): string[][] =>
    folders.map((folder) => OLD.map((name) => readFileSync(join(folder, name), 'utf8')))
  const nothing = OLD.map(() => '')
  run(cgroups, DYING)
  const slow = ['7:3 20\n', '7:3 1048576\n', '7:3 20\n', '7:3 1048576\n']
  t.deepEqual(said(), [nothing, slow, slow, slow])
  run(cgroups)
  const free = OLD.map(() => '7:3 0\n')
  t.deepEqual(said(), [nothing, free, free, free])
})

test('with the new kind of cgroups one folder is told', (t) => {
  const cgroups = temporaryFolder()
  mkdirSync(join(cgroups, 'room/pc'), { recursive: true })
  const file = join(cgroups, 'room/pc/io.max')
  writeFileSync(file, '')
  run(cgroups, DYING)
  t.is(readFileSync(file, 'utf8'), '7:3 riops=20 wiops=20 rbps=1048576 wbps=1048576\n')
  run(cgroups)
  t.is(readFileSync(file, 'utf8'), '7:3 riops=max wiops=max rbps=max wbps=max\n')
})

test('a kernel that holds back nobody is named as the reason', (t) => {
  const failed = t.throws(() =>
    execFileSync('sh', ['-euc', paceLines('/room/pc', '7:3', DYING, temporaryFolder())], { stdio: 'pipe' }),
  )
  t.regex(String(failed), /CONFIG_BLK_DEV_THROTTLING/)
})
