import test from 'ava'
import {
  BLANK_PC_ACTIONS,
  blankPcs,
  isBlankPcAction,
  refuseBlankWish,
  refuseOtherBlank,
  refuseWithoutCluster,
} from '../../../lab/room/blank-plan.ts'
import { NETWORK } from '../../../lab/room/plan.ts'

test('blank PCs are numbered, and stand where workers stand', (t) => {
  t.deepEqual(blankPcs(2), [
    { name: 'pc-1', role: 'worker', address: '10.90.0.51' },
    { name: 'pc-2', role: 'worker', address: '10.90.0.52' },
  ])
  const most = blankPcs(20)
  t.is(new Set(most.flatMap(({ name, address }) => [name, address])).size, 40)
  t.true(most.every(({ address }) => address.startsWith(NETWORK.gateway.replace(/1$/, ''))))
})

test('no room has fewer than one blank PC, or more than there are workers', (t) => {
  for (const count of [0, -1, 1.5, 21, Number.NaN]) t.regex(refuseBlankWish(count) ?? '', /1 to 20/)
  for (const count of [1, 20]) t.is(refuseBlankWish(count), undefined)
})

test('one that runs is kept as it was made, and said so to whoever wants another one', (t) => {
  const has = { count: 3, brickGiB: 2 }
  const refusal = (count: number, brickGiB?: number) => refuseOtherBlank('room', has, { count, brickGiB })
  t.is(refusal(3), undefined)
  t.is(refusal(3, 2), undefined)
  t.regex(refusal(2) ?? '', /made with 3 PCs and 2 GiB .* room down --name room\), or choose another name$/)
  t.regex(refusal(3, 4) ?? '', /made with 3 PCs/)
})

test('what wants a cluster is refused with the way to one', (t) => {
  t.regex(
    refuseWithoutCluster('room', '`deliver`'),
    /blank PCs, and `deliver` wants a cluster .*room up --name/,
  )
  t.deepEqual((['add', 'remove', 'blank', 'renew', ...BLANK_PC_ACTIONS] as const).filter(isBlankPcAction), [
    'off',
    'on',
    'reboot',
    'cut',
    'mend',
  ])
})
