import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { weighProcessors } from '../../../lab/run/cgroups.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'

/** A folder in the place of the kernel's hierarchy, in which a new group has the given file already, as the kernel's has. */
function hierarchy(folder: string, file: string, run: string): { root: string; weight(): string } {
  const root = temporaryFolder()
  mkdirSync(join(root, folder, `deskfleet-${run}`), { recursive: true })
  writeFileSync(join(root, folder, 'cgroup.procs'), '')
  const at = join(root, folder, `deskfleet-${run}`, file)
  writeFileSync(at, '')
  return { root, weight: () => readFileSync(at, 'utf8') }
}

test('a run weighs as much as so many processes, with either kind of cgroups', (t) => {
  const old = hierarchy('cpu', 'cpu.shares', 'room')
  weighProcessors('room', 10, old.root)
  t.is(old.weight(), '10240')
  const unified = hierarchy('', 'cpu.weight', 'room')
  weighProcessors('room', 10, unified.root)
  t.is(unified.weight(), '1000')
})

test('where cgroups share out no processors, nothing is written', (t) => {
  const root = temporaryFolder()
  weighProcessors('room', 10, root)
  t.false(existsSync(join(root, 'deskfleet-room')))
})
