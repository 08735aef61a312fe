import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import {
  BRICK,
  CORES,
  CPU_LEVEL,
  DISK_FREE,
  DISK_KIND,
  LINK,
  MEMORY,
  WRITE_TAKES,
} from '../../config/labels.ts'
import { CROWN, GLUSTER, PC_FOLDER } from '../../config/names.ts'

const installer = join(import.meta.dirname, '../../installer')
const read = (path: string): string => readFileSync(join(installer, path), 'utf8')

test('the installer and the code call things by the same names', (t) => {
  const lines = read('names')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  t.deepEqual(lines, [
    `label brick ${BRICK}`,
    `label cores ${CORES}`,
    `label memory ${MEMORY}`,
    `label cpu-level ${CPU_LEVEL}`,
    `label disk-kind ${DISK_KIND}`,
    `label link ${LINK}`,
    `annotation disk-free ${DISK_FREE}`,
    `annotation write-takes ${WRITE_TAKES}`,
    `path brick ${GLUSTER.brick}`,
    `path door ${CROWN.door}`,
    `path pc ${PC_FOLDER}`,
  ])
})

test('a brick is known by the file that the agent of Gluster writes', (t) => {
  const agent = readFileSync(join(installer, '../storage/gluster/pc/brick.ts'), 'utf8')
  const [, name] = /const IDENTITY = '(.+)'/.exec(agent) ?? []
  t.regex(read('steps/disk-facts.sh'), new RegExp(`^brick_identity=${name}$`, 'm'))
})

test('what a master is asked for is what the choice of an heir asks', (t) => {
  const heir = readFileSync(join(installer, '../orchestrator/heir.ts'), 'utf8')
  for (const asked of ['cores < 2', 'memory < 3 * GIB', 'diskFree < 20 * GIB', 'fsync > 10'])
    t.true(heir.includes(asked), asked)
  const hardware = read('steps/hardware.sh')
  for (const asked of ['fact["cores"] < 2', 'memory < 3072', 'free < 20', 'more than 10 ms'])
    t.true(hardware.includes(asked), asked)
})
