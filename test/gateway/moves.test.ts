import test from 'ava'
import { MOVES_AT, MOVES_FOR } from '../../config/labels.ts'
import { moveOf } from '../../gateway/desktops/moves.ts'
import { ENGLISH } from '../../gateway/texts/english.ts'

const node = (annotations: Readonly<Record<string, string>>) => ({ metadata: { name: 'pc-1', annotations } })

test('a PC that is to be emptied says for what, and when', (t) => {
  const at = '2026-11-27T14:05:00Z'
  t.deepEqual(moveOf(node({ [MOVES_FOR]: 'replace-41', [MOVES_AT]: at })), {
    operation: 'replace-41',
    at: Date.parse(at),
  })
  t.deepEqual(moveOf(node({ [MOVES_FOR]: 'replace-41', [MOVES_AT]: 'soon' })), { operation: 'replace-41' })
  t.is(moveOf(node({ [MOVES_AT]: at })), undefined)
  t.is(moveOf(node({ [MOVES_FOR]: '' })), undefined)
  t.is(moveOf(undefined), undefined)
})

test('its people are told how soon, whatever the clocks say', (t) => {
  t.regex(ENGLISH.moving(61_000), /moves to another PC in 1 minute\. Your files stay/)
  t.regex(ENGLISH.moving(-3_600_000), /in less than a minute/)
})
