import 'reflect-metadata'
import { generateKeyPairSync, randomBytes, type webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import test from 'ava'
import { decide, MOUNTER } from '../../../../certificates/keeper/requests/decide.ts'
import { readAsked, readContent } from '../../../../certificates/keeper/requests/read.ts'
import { newMemberKey, publicKeyOf, requestFor } from '../../../../certificates/member.ts'

const key = await newMemberKey()
const good = await requestFor(key, 'pc-1')

const pem = (bytes: Uint8Array): string =>
  `-----BEGIN CERTIFICATE REQUEST-----\n${Buffer.from(bytes).toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
const bytesOf = (request: string): Buffer => Buffer.from(request.replace(/-----[^-]+-----/g, ''), 'base64')

/** A request with a new key, as somebody would write it who has other tools. */
async function another(
  wish: Partial<x509.Pkcs10CertificateRequestCreateParams> = {},
  algorithm: webcrypto.EcKeyGenParams | webcrypto.RsaHashedKeyGenParams = {
    name: 'ECDSA',
    namedCurve: 'P-256',
  },
): Promise<string> {
  const keys = (await crypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as x509.Pkcs10CertificateRequestCreateParams['keys']
  const signingAlgorithm = { name: algorithm.name, hash: 'SHA-256' }
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: ['pc-1'] }],
    keys,
    signingAlgorithm,
    ...wish,
  })
  return request.toString('pem')
}

test('what the mounter sends is read as it is', async (t) => {
  t.deepEqual(await readContent(good), {
    subject: ['CN=pc-1'],
    beside: [],
    key: 'ec prime256v1',
    publicKey: new Uint8Array(publicKeyOf(key)),
    proven: true,
  })
})

for (const curve of ['P-384', 'P-521'])
  test(`a key on ${curve} is read and proven`, async (t) => {
    const read = await readContent(await another({}, { name: 'ECDSA', namedCurve: curve }))
    t.like(read, { key: curve === 'P-384' ? 'ec secp384r1' : 'ec secp521r1', proven: true })
  })

test('a subject is read whole', async (t) => {
  for (const [name, subject] of [
    [
      [{ O: ['system:masters'] }, { CN: ['pc-1'] }],
      ['O=system:masters', 'CN=pc-1'],
    ],
    [
      [{ CN: ['pc-1'] }, { CN: ['pc-2'] }],
      ['CN=pc-1', 'CN=pc-2'],
    ],
    [[{ CN: ['pc-1', 'pc-2'] }], ['CN=pc-1+CN=pc-2']],
    [[{ CN: [{ bmpString: 'pc-1' }] }], ['CN=pc-1']],
    [[], []],
  ] as const)
    t.like(await readContent(await another({ name: name as unknown as x509.JsonName })), {
      subject,
      proven: true,
    })
})

test('whatever else is asked for is seen', async (t) => {
  const extensions = [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'pc-2' }])]
  t.like(await readContent(await another({ extensions })), { beside: ['1.2.840.113549.1.9.14'] })
  const attributes = [new x509.ChallengePasswordAttribute('secret')]
  t.like(await readContent(await another({ attributes })), { beside: ['1.2.840.113549.1.9.7'] })
})

test('a key of another kind is called by its name', async (t) => {
  const rsa = {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
  }
  t.like(await readContent(await another({}, rsa)), { key: 'rsa' })
})

test('a request whose key is another one’s is not proven', async (t) => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
    type: 'spki',
    format: 'der',
  })
  const bytes = bytesOf(good)
  const own = publicKeyOf(key)
  const at = bytes.indexOf(own)
  t.true(at > 0)
  other.copy(bytes, at)
  t.like(await readContent(pem(bytes)), { proven: false })
  const changed = bytesOf(good)
  changed.write('pc-9', changed.indexOf('pc-1'))
  t.like(await readContent(pem(changed)), { subject: ['CN=pc-9'], proven: false })
})

test('what is no request is said to be none, and ends nothing', async (t) => {
  const key = 'A'.repeat(64)
  for (const hostile of [
    '',
    'hello',
    '\0'.repeat(100),
    good + good,
    `${good}trailing`,
    good.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE'),
    '-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----',
    `-----BEGIN CERTIFICATE REQUEST-----\n${key}\n-----END CERTIFICATE REQUEST-----`,
    pem(new Uint8Array(6_000)),
    pem(new Uint8Array(5_000).fill(0x30)),
    pem(Buffer.concat([Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), randomBytes(50)])),
    pem(Buffer.concat([Buffer.from([0x30, 0x80]), Buffer.alloc(4_000, 0x30)])),
    'x'.repeat(1_000_000),
  ])
    t.true('fault' in (await readContent(hostile)), hostile.slice(0, 60))
})

test('a request that is cut or spoilt anywhere is denied, and ends nothing', async (t) => {
  const bytes = bytesOf(good)
  const recorded = { username: MOUNTER, nodes: ['pc-1'], usages: ['client auth', 'server auth'] }
  t.is(decide({ ...recorded, content: await readContent(pem(bytes)) }).answer, 'sign')
  for (let at = 0; at < bytes.length; at++) {
    const spoilt = Buffer.from(bytes)
    spoilt[at] = (spoilt[at] ?? 0) ^ (1 << (at % 8))
    for (const sent of [spoilt, bytes.subarray(0, at)])
      t.is(decide({ ...recorded, content: await readContent(pem(sent)) }).answer, 'deny', `byte ${at}`)
  }
})

test('a request that ends elsewhere than it says is denied, also where all its parts are whole', async (t) => {
  // Of about 500 keys one makes a request in which the parser goes past the end; a signature's length is by chance.
  const recorded = { username: MOUNTER, nodes: ['pc-1'], usages: ['client auth', 'server auth'] }
  for (let tried = 0; tried < 50; tried++) {
    const bytes = bytesOf(await requestFor(await newMemberKey(), 'pc-1'))
    t.is(bytes[1], 0x81, 'one byte of length')
    for (const by of [-4, -1, 1, 4]) {
      const spoilt = Buffer.from(bytes)
      spoilt[2] = (spoilt[2] ?? 0) + by
      t.is(decide({ ...recorded, content: await readContent(pem(spoilt)) }).answer, 'deny')
      const longer = by > 0 ? Buffer.concat([bytes, randomBytes(by)]) : bytes.subarray(0, by)
      t.is(decide({ ...recorded, content: await readContent(pem(longer)) }).answer, 'deny')
    }
  }
})

test('what the API server recorded is taken as it stands, and what it did not record is empty', async (t) => {
  const request = Buffer.from(good).toString('base64')
  const extra = {
    'authentication.kubernetes.io/node-name': ['pc-1'],
    'authentication.kubernetes.io/pod-name': ['x'],
  }
  const spec = { signerName: '', username: 'somebody', usages: ['client auth'], extra, request }
  t.like(await readAsked({ spec }), { username: 'somebody', nodes: ['pc-1'], usages: ['client auth'] })
  const nobody = await readAsked({ spec: { signerName: '', request: 'not base64 at all!' } })
  t.like(nobody, { username: '', nodes: [], usages: [] })
  t.true('fault' in nobody.content)
})
