import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { apiFilesIn } from '../../../orchestrator/act/api-files.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'

test('files are brought by their names, and what no Secret can bring is left for the check to find', async (t) => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'deeper'))
  writeFileSync(join(folder, 'deeper', 'x'), 'x')
  for (const name of ['encryption.yaml', 'audit.yaml', '.hidden', 'with space'])
    writeFileSync(join(folder, name), name)
  // Where it leads to is not in this folder.
  symlinkSync('/etc/shadow', join(folder, 'link'))
  const read = await apiFilesIn(folder)
  t.deepEqual('files' in read && [...read.files].map(([name, bytes]) => [name, bytes.toString()]), [
    ['audit.yaml', 'audit.yaml'],
    ['encryption.yaml', 'encryption.yaml'],
  ])
})

test('more than a Secret holds is told', async (t) => {
  const folder = temporaryFolder()
  for (const name of ['a', 'b']) writeFileSync(join(folder, name), Buffer.alloc(300 * 1024))
  const read = await apiFilesIn(folder)
  t.regex('refusal' in read ? read.refusal : '', /614400 bytes, and 524288 can be brought .*: move /)
})
