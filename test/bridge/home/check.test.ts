import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { homeFault, lookAtHome } from '../../../bridge/home/check.ts'
import { HOME_MARKER, homeMarker } from '../../../config/home-marker.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'

const mine = '11111111-2222-3333-4444-555555555555'
const other = '99999999-2222-3333-4444-555555555555'
const me = { uid: 12_345, entryUUID: mine }
const good = { path: '/home/ada', directory: true, uid: 12_345, mode: 0o700, marker: { entryUUID: mine } }

test('a home is taken only when it is wholly the person’s', (t) => {
  t.is(homeFault(good, me), undefined)
  t.regex(homeFault({ ...good, directory: false }, me) ?? '', /not a directory/)
  t.regex(homeFault({ ...good, uid: 0 }, me) ?? '', /belongs to uid 0/)
  t.regex(homeFault({ ...good, mode: 0o755 }, me) ?? '', /mode 0755/)
  t.regex(homeFault({ ...good, marker: { fault: 'is missing' } }, me) ?? '', /\.deskfleet-home.*is missing/)
  t.regex(homeFault({ ...good, marker: { entryUUID: other } }, me) ?? '', new RegExp(`${other}.*${mine}`))
})

const asRoot = process.getuid?.() === 0 ? test : test.skip

asRoot('the marker counts only as a small plain file of root', async (t) => {
  const markerOf = async (make: (path: string) => void) => {
    const home = temporaryFolder()
    make(join(home, HOME_MARKER))
    return (await lookAtHome(home)).marker
  }
  t.deepEqual(await markerOf((path) => writeFileSync(path, homeMarker(mine, 'ada'))), { entryUUID: mine })
  t.deepEqual(await markerOf(() => {}), { fault: 'is missing' })
  t.deepEqual(await markerOf((path) => symlinkSync('/etc/passwd', path)), { fault: 'is a link' })
  t.deepEqual(await markerOf((path) => mkdirSync(path)), { fault: 'is no small file' })
  t.deepEqual(await markerOf((path) => writeFileSync(path, '{')), { fault: 'cannot be read' })
  const forged = await markerOf((path) => {
    writeFileSync(path, homeMarker(mine, 'ada'))
    chownSync(path, 12_345, 12_345)
    chmodSync(path, 0o444)
  })
  t.deepEqual(forged, { fault: 'belongs to uid 12345, not to root' })
})
