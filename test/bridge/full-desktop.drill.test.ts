import test from 'ava'
import { type Desks, startDesks } from '../../lab/desktop/desks.ts'
import { isSeen } from './seen-desktop.ts'

/** The image with everything in it, which takes minutes to build: as the light one in each run. */

let desks: Desks

test.before(async (t) => {
  t.timeout(3_600_000, 'the first time, the image is built')
  desks = await startDesks(`t-full-${process.pid}`, ['desktop'], t.log)
})
test.after.always(() => desks?.down())

test('the full desktop is seen within seconds, by whoever has the token and by nobody else', async (t) => {
  t.timeout(180_000)
  await isSeen(t, desks, 'desktop')
})
