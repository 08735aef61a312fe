import test from 'ava'
import { mountedAt } from '../../storage/mountinfo.ts'

const line = (point: string, options: string, type: string, system: string): string =>
  `36 35 98:0 / ${point} ${options} shared:1 - ${type} /dev/loop0 ${system}`

test('what lies on top counts', (t) => {
  const text = [
    line('/brick', 'rw', 'overlay', 'rw'),
    line('/brick', 'rw,noatime', 'xfs', 'rw,inode64'),
  ].join('\n')
  t.deepEqual(mountedAt(text, '/brick'), { type: 'xfs', readOnly: false })
  t.is(mountedAt(text, '/bric'), undefined)
})

test('a file system that the kernel made read-only is read-only, whatever the mount says', (t) => {
  t.true(mountedAt(line('/brick', 'rw', 'xfs', 'ro,inode64'), '/brick')?.readOnly)
  t.true(mountedAt(line('/brick', 'ro', 'xfs', 'rw'), '/brick')?.readOnly)
})
