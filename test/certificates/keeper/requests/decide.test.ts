import test from 'ava'
import { decide, MOUNTER } from '../../../../certificates/keeper/requests/decide.ts'
import type { Asked, Content } from '../../../../certificates/keeper/requests/facts.ts'

const publicKey = new Uint8Array([1, 2, 3])

/** What the mounter of pc-1 asks for. */
const content: Content = { subject: ['CN=pc-1'], beside: [], key: 'ec prime256v1', publicKey, proven: true }
const asked: Asked = {
  username: MOUNTER,
  nodes: ['pc-1'],
  usages: ['digital signature', 'server auth', 'client auth'],
  content,
}

const LONG = 'a'.repeat(65)

test('the mounter of a PC is given that PC’s certificate, for the key that it sent', (t) => {
  t.deepEqual(decide(asked), { answer: 'sign', node: 'pc-1', publicKey })
})

for (const [what, given] of [
  [
    'a name with dots',
    { nodes: ['pc-1.room.example'], content: { ...content, subject: ['CN=pc-1.room.example'] } },
  ],
  ['the longest name', { nodes: [LONG.slice(1)], content: { ...content, subject: [`CN=${LONG.slice(1)}`] } }],
  ['no word of signatures', { usages: ['client auth', 'server auth'] }],
  ['another order, and a use twice', { usages: ['client auth', 'client auth', 'server auth'] }],
  ['P-384', { content: { ...content, key: 'ec secp384r1' } }],
  ['P-521', { content: { ...content, key: 'ec secp521r1' } }],
] as const satisfies readonly (readonly [string, Partial<Asked>])[]) {
  test(`signed as well: ${what}`, (t) => {
    t.is(decide({ ...asked, ...given }).answer, 'sign')
  })
}

const of = (changed: Partial<Content>): Partial<Asked> => ({ content: { ...content, ...changed } })

/** What is wrong with it, the word that says so, and what the sentence must name. */
const DENIED: readonly (readonly [string, Partial<Asked>, string, RegExp])[] = [
  ['an administrator', { username: 'kubernetes-admin' }, 'NotTheMounter', /made by "kubernetes-admin"/],
  ['nobody known', { username: '' }, 'NotTheMounter', /made by ""/],
  [
    'the mounter of another namespace',
    { username: 'system:serviceaccount:desktops:home-mounter' },
    'NotTheMounter',
    /desktops:home-mounter/,
  ],
  [
    'another account of the namespace',
    { username: 'system:serviceaccount:deskfleet-storage:homes' },
    'NotTheMounter',
    /only system:serviceaccount:deskfleet-storage:home-mounter/,
  ],
  ['a name that begins alike', { username: `${MOUNTER}2` }, 'NotTheMounter', /home-mounter2/],
  ['a kubelet', { username: 'system:node:pc-1' }, 'NotTheMounter', /system:node:pc-1/],
  ['a token that is bound to no pod', { nodes: [] }, 'NoPC', /1\.33/],
  ['two PCs at once', { nodes: ['pc-1', 'pc-2'] }, 'NoPC', /names no single PC/],
  ['the same PC twice', { nodes: ['pc-1', 'pc-1'] }, 'NoPC', /names no single PC/],
  ['another PC', { nodes: ['pc-2'] }, 'AnotherPC', /made on pc-2 and asks for "CN=pc-1"/],
  ['a name in capitals', of({ subject: ['CN=PC-1'] }), 'AnotherPC', /asks for "CN=PC-1"/],
  ['a longer name', of({ subject: ['CN=pc-1.room'] }), 'AnotherPC', /pc-1\.room/],
  ['a name of bytes', of({ subject: ['CN=#0c0470632d31'] }), 'AnotherPC', /#0c0470632d31/],
  ['no name', of({ subject: [] }), 'Subject', /empty/],
  ['two names', of({ subject: ['CN=pc-1', 'CN=pc-2'] }), 'Subject', /CN=pc-1, CN=pc-2/],
  ['two names in one part', of({ subject: ['CN=pc-1+CN=pc-2'] }), 'Subject', /must be CN=pc-1 and/],
  ['an organization', of({ subject: ['O=system:masters', 'CN=pc-1'] }), 'Subject', /system:masters/],
  ['another kind of name', of({ subject: ['OU=pc-1'] }), 'Subject', /OU=pc-1/],
  [
    'a PC whose name no certificate can bear',
    { nodes: [LONG], ...of({ subject: [`CN=${LONG}`] }) },
    'Name',
    /at most 64/,
  ],
  [
    'a PC whose name means something to Gluster',
    { nodes: ['a,b'], ...of({ subject: ['CN=a,b'] }) },
    'Name',
    /a,b/,
  ],
  ['a PC whose name is everybody', { nodes: ['*'], ...of({ subject: ['CN=*'] }) }, 'Name', /small letters/],
  [
    'other names besides',
    of({ beside: ['1.2.840.113549.1.9.14'] }),
    'Extensions',
    /1\.2\.840\.113549\.1\.9\.14/,
  ],
  ['an RSA key', of({ key: 'rsa' }), 'Key', /"rsa"/],
  ['an Ed25519 key', of({ key: 'ed25519' }), 'Key', /P-256/],
  ['a short curve', of({ key: 'ec secp224r1' }), 'Key', /secp224r1/],
  ['Bitcoin’s curve', of({ key: 'ec secp256k1' }), 'Key', /secp256k1/],
  ['a curve without a name', of({ key: 'ec' }), 'Key', /"ec"/],
  ['somebody else’s key', of({ proven: false }), 'Unproven', /not signed by its own key/],
  ['nothing at all', { usages: [] }, 'Usages', /nothing/],
  ['signatures alone', { usages: ['digital signature'] }, 'Usages', /client auth/],
  ['one end', { usages: ['client auth'] }, 'Usages', /server auth/],
  ['the other end', { usages: ['digital signature', 'server auth'] }, 'Usages', /client auth/],
  ['more than both ends', { usages: ['client auth', 'server auth', 'cert sign'] }, 'Usages', /cert sign/],
  [
    'what cannot be read',
    { content: { fault: 'it is no PKCS#10 request' } },
    'Unreadable',
    /PKCS#10 request as PEM/,
  ],
]

for (const [what, given, reason, sentence] of DENIED) {
  test(`denied, with the reason and the mend: ${what}`, (t) => {
    const verdict = decide({ ...asked, ...given })
    t.like(verdict, { answer: 'deny', reason })
    const message = 'message' in verdict ? verdict.message : ''
    t.regex(message, sentence)
    t.regex(message, /; [a-z]/i, 'what to do')
  })
}

test('a stranger’s text stays short and in one line', (t) => {
  const verdict = decide({ ...asked, ...of({ subject: [`CN=\n${'x'.repeat(100_000)}`] }) })
  const message = 'message' in verdict ? verdict.message : ''
  t.true(message.length < 500)
  t.false(message.includes('\n'))
})
