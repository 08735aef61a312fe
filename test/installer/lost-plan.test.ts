import test from 'ava'
import { type LostFacts, planLost } from '../../installer/command/lost-plan.ts'

/** What is done about a PC that was stolen, and what its administrator is told. */

const FACTS: LostFacts = {
  name: 'pc-7',
  node: { ready: false, master: false, brick: true },
  pods: [{ namespace: 'desktops', name: 'desktop-ada-1', secrets: ['desktop-ada'] }],
  shutOut: false,
  insists: false,
}
const plan = (more: Partial<LostFacts> = {}) => {
  const planned = planLost({ ...FACTS, ...more })
  return planned.ok ? planned : { steps: [], exposed: [] }
}
const told = (more: Partial<LostFacts> = {}): string =>
  plan(more)
    .exposed.map(({ what, mend }) => `${what}: ${mend}`)
    .join('\n')

const refusal = (more: Partial<LostFacts>): string => {
  const planned = planLost({ ...FACTS, ...more })
  return planned.ok ? '' : `${planned.refusal}: ${planned.mend}`
}

test('its certificate is refused before its Node goes, which it could make anew by it', (t) => {
  t.deepEqual(plan().steps, ['shut-out', 'delete-pods', 'delete-node'])
})

test('what is done already is not done again, and what was cut off goes on', (t) => {
  t.deepEqual(plan({ shutOut: true, pods: [] }).steps, ['delete-node'])
  t.deepEqual(plan({ shutOut: true, pods: [], node: undefined }).steps, [])
  t.deepEqual(plan({ pods: [], node: undefined }).steps, ['shut-out'])
})

test('a PC that answers is taken for another one, unless somebody insists', (t) => {
  const node = { ready: true, master: false, brick: true }
  t.regex(refusal({ node }), /storage retire pc-7/)
  t.is(plan({ node, insists: true }).steps.length, 3)
})

test('of a master the orchestrator removes the member and the Node; its keys are said loudly', (t) => {
  const node = { ready: false, master: true, brick: true }
  t.deepEqual(plan({ node }).steps, ['shut-out', 'delete-pods'])
  t.regex(told({ node }), /^it was a master/)
})

test('people are told of their files only where there was a disk for them, or nobody knows', (t) => {
  t.regex(told(), /files of people/)
  t.regex(told({ node: undefined }), /files of people/)
  t.notRegex(told({ node: { ready: false, master: false, brick: false } }), /files of people/)
})

test('what its pods had in memory is named with what makes it worthless; a desktop’s own is new anyway', (t) => {
  t.notRegex(told(), /desktop-ada/)
  const pods = [
    { namespace: 'deskfleet-system', name: 'webhook-1', secrets: ['webhook-tls'] },
    { namespace: 'deskfleet-system', name: 'gateway-1', secrets: ['gateway-tls', 'gateway-sessions'] },
    { namespace: 'deskfleet-directory', name: 'ldap-0', secrets: ['ldap-admin'] },
  ]
  const text = told({ pods })
  t.regex(text, /webhook-tls: .*rotate inside/)
  t.regex(text, /gateway-tls: .*root prepare/)
  t.regex(text, /deskfleet-directory\/ldap-admin, deskfleet-system\/gateway-sessions: .*docs\/secrets\.md/)
  t.regex(text, /hashes of their passwords/)
})
