import test from 'ava'
import { type Allowed, rulesetOf } from '../../packet-filter/ruleset.ts'

const ALLOWED: Allowed = {
  resolvers: ['10.96.0.10'],
  never: ['10.96.0.0/12', '192.0.2.0/24'],
  outside: ['0.0.0.0/0'],
  doors: ['192.0.2.10'],
}

test('the old rules are replaced in the same transaction', (t) => {
  const [first, second, third] = rulesetOf([], [], ALLOWED).split('\n')
  t.is(first, 'table inet deskfleet {}')
  t.is(second, 'delete table inet deskfleet')
  t.is(third, 'table inet deskfleet {')
})

test('desktops are judged by their addresses; what is no address is left out', (t) => {
  const lines = rulesetOf(['10.244.1.9', 'fd00::7', '} evil', ''], [], ALLOWED).split('\n')
  t.is(lines.filter((line) => line === '\t\tip saddr 10.244.1.9 goto leaving').length, 1)
  t.is(lines.filter((line) => line === '\t\tip saddr 10.244.1.9 goto arriving').length, 1)
  // IPv6 is let nowhere.
  t.is(lines.filter((line) => line === '\t\tip6 saddr fd00::7 goto refused').length, 2)
  t.false(lines.some((line) => line.includes('evil')))
})

test('by addresses that interfaces give themselves nothing but housekeeping comes in', (t) => {
  const lines = rulesetOf(['10.244.1.9'], ['cni0', 'veth7'], ALLOWED).split('\n')
  for (const name of ['cni0', 'veth7']) {
    const rule = `\t\tiifname "${name}" ip6 saddr fe80::/10 meta l4proto != 58 goto refused`
    t.is(lines.filter((line) => line === rule).length, 2)
  }
})

test('there is no set in the rules: kube-proxy may have an nft that ends at one', (t) => {
  const rules = rulesetOf(['10.244.1.9', '10.244.1.10', 'fd00::7', 'fd00::8'], [], ALLOWED)
  t.false(/\bset\b|[@]|[{] *[0-9a-z.]+ *,/.test(rules))
})

test('the same desktops in another order are the same rules', (t) => {
  t.is(
    rulesetOf(['10.244.1.9', '10.244.1.10'], [], ALLOWED),
    rulesetOf(['10.244.1.10', '10.244.1.9'], [], ALLOWED),
  )
})

test('without anything outside and without a door all that is left is names', (t) => {
  const rules = rulesetOf(['10.244.1.9'], [], { ...ALLOWED, outside: [], doors: [] })
  t.deepEqual(
    rules.split('\n').filter((line) => /daddr.*accept/.test(line)),
    ['tcp', 'udp'].map((protocol) => `\t\tct original ip daddr 10.96.0.10 ${protocol} dport 53 accept`),
  )
})

test('the networks of the PCs are refused before anything outside is allowed, the door before both', (t) => {
  const [, leaving = ''] = rulesetOf(['10.244.1.9'], [], ALLOWED).split('chain leaving {')
  const at = (text: string) => leaving.indexOf(text)
  t.true(at('192.0.2.10 tcp dport') < at('192.0.2.0/24 goto refused'))
  t.true(at('192.0.2.0/24 goto refused') < at('0.0.0.0/0 accept'))
  t.true(at('0.0.0.0/0 accept') < at('\t\tgoto refused'))
})
