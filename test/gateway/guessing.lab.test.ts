import { CoreV1Api } from '@kubernetes/client-node'
import test from 'ava'
import { GATEWAY, NAMESPACES } from '../../config/names.ts'
import { login } from '../../directory/login.ts'
import { DEVICE_COOKIE } from '../../gateway/login/device.ts'
import { LIMITS } from '../../gateway/login/throttle.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { administrator, must, sharedLab } from '../harness/lab.ts'
import { directoryOf, reachOf } from '../harness/slapd.ts'
import { eventually } from '../harness/wait.ts'
import { type Browser, newBrowser } from './browser.ts'
import { type OwnGateway, ownGateway } from './own-gateway.ts'
import { PASSWORD, person } from './people.ts'
import { clear } from './room.ts'

/**
 * Somebody guesses a password, from many addresses and at both replicas, against a real slapd: strangers wait, the person
 * does not. Names are new each time, for failures outlive a run.
 */

let lab: BareLab
let first: OwnGateway
let second: OwnGateway
const run = Date.now().toString(36)
const [ADA, BOB, CARL, DORA, ELSE] = ['ada', 'bob', 'carl', 'dora', 'else'].map(
  (name) => `gu-${name}-${run}`,
) as [string, string, string, string, string]
/** Ada's browser, and Bob's: each was let in once before anybody guessed. */
let hers: Browser
let his: Browser

test.before(async () => {
  lab = await sharedLab()
  for (const one of [ADA, BOB, CARL, DORA, ELSE]) await person(lab, one)
  ;[first, second] = await Promise.all([ownGateway(lab, 'guess-1'), ownGateway(lab, 'guess-2')])
  hers = newBrowser(first.origin, '127.0.3.100')
  his = newBrowser(first.origin, '127.0.3.101')
  for (const [browser, who] of [
    [hers, ADA],
    [his, BOB],
  ] as const)
    if ((await browser.login(who, PASSWORD)).status !== 303) throw new Error(`${who} was not let in`)
})

test.after.always(async () => {
  await Promise.all([first?.end(), second?.end()])
  await clear(lab)
})

/** A browser with the cookies of another, at that replica and address. */
function copy(browser: Browser, { origin }: OwnGateway, from = '127.0.3.102'): Browser {
  const other = newBrowser(origin, from)
  other.device = browser.device
  return other
}

const statusOf = async (browser: Browser, who: string, password: string) =>
  (await browser.login(who, password)).status

/** Whether slapd itself takes the right password. */
async function slapdTakes(who: string): Promise<boolean> {
  if (!lab.ldap) throw new Error('the lab has no LDAP')
  const directory = directoryOf(lab.ldap, 'reader')
  try {
    return 'account' in (await login(directory, reachOf(lab.ldap, 'reader').address, who, PASSWORD))
  } finally {
    await directory.close()
  }
}

const attacker = (index: number) =>
  newBrowser((index % 2 ? second : first).origin, `127.0.3.${(index % 20) + 1}`)

test.serial('twenty addresses, both replicas: strangers fail so often, then all of them wait', async (t) => {
  const seen: number[] = []
  const over = () => seen.length >= 20 && seen.slice(-20).every((status) => status === 429)
  for (let index = 0; index < 200 && !over(); index++)
    seen.push(await statusOf(attacker(index), ADA, `guess ${index}`))
  const failed = seen.filter((status) => status === 401).length
  t.log(`${failed} guesses were answered, of ${seen.length}`)
  t.true(failed >= LIMITS.person.most)
  // What one replica saw in its last second, the other had not counted.
  t.true(failed <= 2 * LIMITS.person.most)
  // A stranger with the right password learns nothing, from an address that never failed.
  for (const { origin } of [first, second]) {
    const answer = await newBrowser(origin, '127.0.3.60').login(ADA, PASSWORD)
    t.is(answer.status, 429)
    t.true(Number(answer.headers['retry-after']) > 60)
    t.regex(answer.text, /too many tries. Wait \d+ minutes/)
  }
})

test.serial(
  'meanwhile the person logs in by the browser that let her in before, at both replicas',
  async (t) => {
    t.is((await hers.post('/logout', {})).status, 303)
    t.is(await statusOf(hers, ADA, PASSWORD), 303)
    t.is(await statusOf(copy(hers, second), ADA, PASSWORD), 303)
    // Once mistyped is not the end either.
    t.is(await statusOf(copy(hers, second), ADA, 'mistyped'), 401)
    t.is(await statusOf(copy(hers, second), ADA, PASSWORD), 303)
  },
)

test.serial('slapd’s own lock was never near: the account takes its password', async (t) => {
  t.true(await slapdTakes(ADA))
})

test.serial('a name that nobody has waits as long, in the same words', async (t) => {
  const nobody = `gu-nobody-${run}`
  for (let index = 0; index < 5; index++)
    t.is(await statusOf(newBrowser(first.origin, '127.0.3.61'), nobody, 'x'), 401)
  const told = async (who: string, from: string) => {
    const answer = await newBrowser(first.origin, from).login(who, 'x')
    return [answer.status, /role="alert">([^<]*)/.exec(answer.text)?.[1]?.replace(/\d+/, 'N')]
  }
  t.deepEqual(await told(nobody, '127.0.3.61'), await told(ADA, '127.0.3.62'))
})

test.serial('a cookie of somebody else’s browser, a forged one and none gain nothing', async (t) => {
  const value = hers.device.slice(DEVICE_COOKIE.length + 1)
  for (const device of [
    his.device,
    '',
    `${DEVICE_COOKIE}=x.y.z`,
    `${DEVICE_COOKIE}=${value.slice(0, -6)}AAAAAA`,
    `${DEVICE_COOKIE}=${value}; ${DEVICE_COOKIE}=${value}`,
    `${DEVICE_COOKIE}=${hers.cookie.split(/=(.*)/s)[1]}`,
  ]) {
    const browser = newBrowser(second.origin, '127.0.3.63')
    browser.device = device
    t.is(await statusOf(browser, ADA, PASSWORD), 429, device.slice(0, 40))
  }
  // The twin: with her own.
  t.is(await statusOf(copy(hers, second, '127.0.3.63'), ADA, PASSWORD), 303)
})

test.serial('a replica that starts anew counts what was counted before', async (t) => {
  const third = await ownGateway(lab, 'guess-3')
  t.teardown(third.end)
  t.is(await statusOf(newBrowser(third.origin, '127.0.3.64'), ADA, PASSWORD), 429)
  t.is(await statusOf(copy(hers, third), ADA, PASSWORD), 303)
})

test.serial(
  'a browser that fails five times is a stranger, at both replicas, and its person’s others are not',
  async (t) => {
    const other = newBrowser(second.origin, '127.0.3.103')
    other.device = hers.device
    for (let index = 0; index < LIMITS.device.most; index++)
      t.is(await statusOf(copy(other, first), ADA, `guess ${index}`), 401)
    t.is(await statusOf(copy(other, first), ADA, PASSWORD), 429)
    await eventually(
      'the other replica knows',
      async () => (await statusOf(copy(other, second), ADA, PASSWORD)) === 429,
    )
    t.is(await statusOf(copy(other, second), ADA, PASSWORD), 429)
    // That browser still knows Bob, once he logged in by it.
    const shared = copy(other, first)
    t.is(await statusOf(shared, BOB, PASSWORD), 303)
    t.is(await statusOf(copy(shared, first), ADA, PASSWORD), 429, 'his login makes it no better for her')
    t.is(await statusOf(his, BOB, PASSWORD), 303)
  },
)

test.serial('the page for a new password is no way around, and makes nobody wait but itself', async (t) => {
  const left = newBrowser(first.origin, '127.0.3.104')
  const own = newBrowser(first.origin, '127.0.3.105')
  for (const browser of [left, own]) t.is(await statusOf(browser, CARL, PASSWORD), 303)
  const guess = async () =>
    (
      await left.post('/password', {
        before: 'a guess',
        after: 'a new one entirely',
        again: 'a new one entirely',
      })
    ).status
  const seen: number[] = []
  for (let index = 0; index < 7; index++) seen.push(await guess())
  t.deepEqual(seen, [422, 422, 422, 422, 422, 429, 429])
  t.is(await statusOf(copy(own, second), CARL, PASSWORD), 303)
  t.is(await statusOf(newBrowser(second.origin, '127.0.3.104'), CARL, PASSWORD), 303)
  t.true(await slapdTakes(CARL))
})

test.serial('many guesses at one moment gain what the limits say, and no more', async (t) => {
  const all = await Promise.all(
    Array.from({ length: 120 }, (_, index) => statusOf(attacker(index), DORA, `at once ${index}`)),
  )
  const failed = all.filter((status) => status === 401).length
  t.log(`${failed} of 120 were answered`)
  t.true(failed <= 2 * LIMITS.person.most)
  t.true(await slapdTakes(DORA))
})

test.serial('where nothing can be shared, logins go on, and each replica counts its own', async (t) => {
  const core = administrator(lab).makeApiClient(CoreV1Api)
  const place = { namespace: NAMESPACES.system, name: GATEWAY.failuresConfigMap }
  await must(lab, ['delete', 'configmap', place.name, '-n', place.namespace])
  const from = '127.0.3.66'
  try {
    for (let index = 0; index < 5; index++)
      t.is(await statusOf(newBrowser(first.origin, from), ELSE, 'x'), 401)
    t.is(await statusOf(newBrowser(first.origin, from), ELSE, PASSWORD), 429)
    t.is(await statusOf(newBrowser(second.origin, from), ELSE, PASSWORD), 303)
  } finally {
    await core.createNamespacedConfigMap({ namespace: place.namespace, body: { metadata: place } })
  }
  await eventually(
    'they count together again',
    async () => (await statusOf(newBrowser(second.origin, from), ELSE, PASSWORD)) === 429,
    { seconds: 30 },
  )
})

test.serial('the list names nobody, and nothing that was typed', async (t) => {
  await statusOf(newBrowser(first.origin, '127.0.3.67'), `typed-${run}`, 'x')
  const core = administrator(lab).makeApiClient(CoreV1Api)
  const read = () =>
    core.readNamespacedConfigMap({ namespace: NAMESPACES.system, name: GATEWAY.failuresConfigMap })
  await eventually('something is counted', async () => Object.keys((await read()).data ?? {}).length > 0)
  const text = JSON.stringify((await read()).data)
  t.false(text.includes(run))
  t.notRegex(text, /127\.0/)
})
