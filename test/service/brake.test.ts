import test from 'ava'
import { isMassLoss } from '../../service/brake.ts'

test('three may go from any room, and a fifth from a large one; more at once is asked about', (t) => {
  for (const [gone, known] of [
    [0, 0],
    [3, 3],
    [3, 4],
    [4, 20],
    [200, 1_000],
  ] as const)
    t.false(isMassLoss(gone, known), `${gone} of ${known}`)
  for (const [gone, known] of [
    [4, 4],
    [4, 19],
    [201, 1_000],
  ] as const)
    t.true(isMassLoss(gone, known), `${gone} of ${known}`)
})
