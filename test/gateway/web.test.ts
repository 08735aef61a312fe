import test from 'ava'
import fc from 'fast-check'
import { amountOf } from '../../gateway/admin/overview.ts'
import { readProxyHeader } from '../../gateway/listen/proxy-protocol.ts'
import { idleLimit, readOffer } from '../../gateway/offer.ts'
import { readAssets } from '../../gateway/pages/assets.ts'
import { hostFault, originFault, upgradeFault } from '../../gateway/request/origin.ts'
import { readSettings } from '../../gateway/settings.ts'
import { disposition, placeAsked } from '../../gateway/web/files.ts'

const HOSTS = ['desk.example.org']
const host = 'desk.example.org'

test('a form or a screen is taken from this very origin alone', (t) => {
  t.is(originFault({ host, origin: 'https://desk.example.org' }, HOSTS), undefined)
  t.is(originFault({ host: `${host}:8443`, origin: 'https://desk.example.org:8443' }, HOSTS), undefined)
  t.is(originFault({ host, 'sec-fetch-site': 'same-origin' }, HOSTS), undefined)
  for (const headers of [
    { origin: 'https://evil.example' },
    { origin: 'http://desk.example.org' },
    { origin: 'https://desk.example.org:444' },
    { origin: 'https://desk.example.org.evil.example' },
    { origin: 'null' },
    {},
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://desk.example.org', 'sec-fetch-site': 'cross-site' },
  ])
    t.is(originFault({ host, ...headers }, HOSTS), 'foreign', JSON.stringify(headers))
  t.is(upgradeFault({ host, 'sec-fetch-site': 'same-origin' }, HOSTS), 'foreign')
  t.is(upgradeFault({ host, origin: 'https://desk.example.org' }, HOSTS), undefined)
})

test('names that are not ours are refused', (t) => {
  t.is(hostFault('DESK.example.org:443', HOSTS), undefined)
  for (const name of [
    undefined,
    '',
    'desk.example.org.',
    'evil.example',
    'desk.example.org@evil.example',
    'desk.example.org:443:1',
    'a b',
  ])
    t.is(hostFault(name, HOSTS), 'host', String(name))
})

test('paths of files cannot step aside; a name may be any bytes', (t) => {
  const asked = (path: string) => placeAsked(`/desktop/files?path=${path}`)
  for (const path of [
    '..%2Fx',
    'a/../b',
    'a%2f..%2Fb',
    '%2e%2e/x',
    '%2Fetc%2Fpasswd',
    '/etc',
    'a%00b',
    './a',
    '%',
    'a%4',
  ])
    t.is(typeof asked(path), 'string', path)
  t.is(typeof asked('x'.repeat(4_097)), 'string')
  t.is(typeof placeAsked('/desktop/files?path=a&path=b'), 'object', 'nothing, so the home')
  for (const path of ['', 'a', 'a/b.txt', 'Grüße/über.txt', '..a', 'a..b', 'a\\b', 'a\nb', 'a+b', 'a&path=b'])
    t.deepEqual(asked(encodeURIComponent(path)), Buffer.from(path), path)
  t.deepEqual(asked('caf%E9/%FF'), Buffer.from('caf\xe9/\xff', 'latin1'))
})

test('a file’s name can say nothing but itself in a header', (t) => {
  t.is(disposition(Buffer.from('a/x.txt')), `attachment; filename="x.txt"; filename*=UTF-8''x.txt`)
  t.is(
    disposition(Buffer.from('a/caf\xe9\n', 'latin1')),
    `attachment; filename="caf_xE9_x0A"; filename*=UTF-8''caf%5CxE9%5Cx0A`,
  )
  fc.assert(
    fc.property(fc.uint8Array(), (name) =>
      /^attachment; filename="[^"\\\r\n]*"; filename\*=UTF-8''[!-~]*$/.test(disposition(Buffer.from(name))),
    ),
  )
})

test('PROXY headers of both versions are read to the byte, in any pieces', (t) => {
  const one = Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 50000 443\r\nrest')
  t.deepEqual(readProxyHeader(one), { state: 'header', length: one.length - 4, address: '192.0.2.7' })
  const head = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')
  const two = Buffer.concat([
    head,
    Buffer.from('2111000c', 'hex'),
    Buffer.from([192, 0, 2, 9, 1, 2, 3, 4, 0, 1, 0, 2]),
    Buffer.from('rest'),
  ])
  t.deepEqual(readProxyHeader(two), { state: 'header', length: 28, address: '192.0.2.9' })
  const local = Buffer.concat([head, Buffer.from('20000000', 'hex')])
  t.deepEqual(readProxyHeader(local), { state: 'header', length: 16 })
  for (const bytes of [one, two])
    for (let length = 0; length < bytes.length - 4; length++)
      t.is(readProxyHeader(bytes.subarray(0, length)).state, 'more')
  for (const text of ['GET / HTTP/1.1\r\n', 'PROXY TCP4 nonsense 1 2 3\r\n', `PROXY TCP4 ${'1'.repeat(200)}`])
    t.is(readProxyHeader(Buffer.from(text)).state, 'bad', text)
  t.is(readProxyHeader(Buffer.concat([head, Buffer.from('2111ffff', 'hex')])).state, 'bad')
})

test('whatever the bytes, a header is never longer than what came', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, signed) => {
      const all = Buffer.concat([
        signed ? Buffer.from('0d0a0d0a000d0a515549540a', 'hex') : Buffer.from('PROXY '),
        bytes,
      ])
      const read = readProxyHeader(all)
      return read.state !== 'header' || read.length <= all.length
    }),
  )
  t.pass()
})

test('the browser’s files are whole: types gone, every import of ours there', (t) => {
  const assets = readAssets()
  for (const name of ['desk.ts', 'page.ts', 'overlay.ts', 'screen.ts', 'files.ts', 'notices.ts']) {
    const text = assets.find(name)?.body.toString() ?? ''
    t.notThrows(() => new Function(text.replace(/^import .*$/gm, '').replace(/^export /gm, '')), name)
    for (const [, path = ''] of text.matchAll(/from '\.\/([^']+)'/g)) t.truthy(assets.find(path), path)
  }
  const modules = assets.modules('desk.ts')
  for (const name of ['desk.ts', 'page.ts', 'files.ts', 'novnc/core/rfb.js', 'novnc/core/decoders/tight.js'])
    t.true(modules.includes(assets.address(name)), `${name} is told ahead`)
  for (const address of modules) t.truthy(assets.find(address.split('/').slice(3).join('/')), address)
  t.truthy(assets.find('style.css'))
  t.is(assets.find('../settings.ts'), undefined)
  t.regex(assets.address('style.css'), /^\/assets\/[\w-]{16}\/style\.css$/)
})

test('the environment is read whole, or everything wrong in it is said at once', (t) => {
  const read = readSettings({
    DESKFLEET_LISTEN: 'x',
    DESKFLEET_PROXY_FROM: '10.0.0.0/99',
    DESKFLEET_HOSTS: '',
  })
  const faults = 'faults' in read ? read.faults.join('\n') : ''
  for (const name of ['LISTEN', 'PROXY_FROM', 'HOSTS', 'LDAP_URL', 'OFFER_FILE'])
    t.regex(faults, new RegExp(`DESKFLEET_${name}`))
})

test('amounts of Kubernetes are numbers', (t) => {
  t.is(amountOf('250m'), 0.25)
  t.is(amountOf('2Gi'), 2 * 2 ** 30)
  t.is(amountOf('16393244Ki'), 16393244 * 1024)
  t.is(amountOf('nonsense'), 0)
})

test('a desktop of a template that is no longer offered ends by the most patient that is', (t) => {
  const template = {
    image: 'x',
    resources: { cpu: '1', memory: '1Gi', memoryLimit: '1Gi' },
    screen: '800x600',
  }
  const named = (name: string, idle: string) => ({
    ...template,
    name,
    idle,
    requires: {},
    groups: ['people'],
  })
  const offer = readOffer(
    JSON.stringify({
      registry: 'r',
      images: {},
      desktops: { atMost: 1, language: 'en', keyboard: 'us', timeZone: 'UTC' },
      templates: [named('office', '30m'), named('render', '8h')],
    }),
  )
  const minutes = (name: string) => idleLimit(offer, name) / 60_000
  t.deepEqual(['office', 'render', 'gone'].map(minutes), [30, 480, 480])
})
