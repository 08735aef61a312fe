import test from 'ava'
import {
  authoritiesIn,
  type Made,
  type Overlap,
  overlap,
  shownIn,
  TOLD_BEFORE_SHOWN,
} from '../../gateway/desktops/caller.ts'

const made = (certificate: string, authority: string): Made => ({ certificate, key: 'KEY', authority })
const first: Overlap = { newest: made('one', 'A'), former: undefined, since: 0 }

test('a new certificate of the same authority is shown at once', (t) => {
  const now = overlap(first, made('two', 'A'), 1_000)
  t.is(shownIn(now, 1_000).certificate, 'two')
  t.is(authoritiesIn(now), 'A\n')
})

test('another authority is told before it is shown, and the former is told until the other replica is surely done', (t) => {
  const later = made('two', 'B')
  let now = overlap(first, later, 1_000)
  t.is(authoritiesIn(now), 'B\nA\n')
  t.is(shownIn(now, 1_000).certificate, 'one')
  now = overlap(now, later, 1_000 + TOLD_BEFORE_SHOWN - 1)
  t.is(shownIn(now, 1_000 + TOLD_BEFORE_SHOWN - 1).certificate, 'one')
  now = overlap(now, later, 1_000 + TOLD_BEFORE_SHOWN)
  t.is(shownIn(now, 1_000 + TOLD_BEFORE_SHOWN).certificate, 'two')
  t.is(authoritiesIn(now), 'B\nA\n')
  now = overlap(now, later, 1_000 + 2 * TOLD_BEFORE_SHOWN)
  t.is(authoritiesIn(now), 'B\n')
  t.is(shownIn(now, 1_000 + 2 * TOLD_BEFORE_SHOWN).certificate, 'two')
})
