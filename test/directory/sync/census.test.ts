import test from 'ava'
import { later } from '../../../directory/sync/census.ts'

test('LDAP time is moved across every border', (t) => {
  t.is(later('20260101000003Z', -5), '20251231235958Z')
  t.is(later('20261231235959Z', 1), '20270101000000Z')
  t.is(later('20240229000000.123456Z', 0), '20240229000000Z')
  t.is(later('nonsense', -5), 'nonsense')
})
