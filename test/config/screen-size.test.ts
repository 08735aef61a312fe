import test from 'ava'
import { screenPixels } from '../../config/screen-size.ts'

test('a screen takes a quarter of the memory at most, and any desktop has room for 1280x800', (t) => {
  t.is(screenPixels('64Mi'), 1280 * 800)
  t.true(screenPixels('512Mi') < 3840 * 2160)
  t.true(screenPixels('2Gi') > 3840 * 2160)
  t.true(screenPixels('2Gi') * 24 * 4 <= 2 * 2 ** 30)
  t.is(screenPixels('1Ti'), 7680 * 4320)
})
