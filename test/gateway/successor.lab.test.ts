import test from 'ava'
import { leaseStore } from '../../cluster/lease/store.ts'
import { ENTRY_UUID } from '../../config/labels.ts'
import { GATEWAY, NAMESPACES } from '../../config/names.ts'
import { addPerson, removePerson } from '../../directory/people.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { administrator, must, sharedLab } from '../harness/lab.ts'
import { directoryOf } from '../harness/slapd.ts'
import { becomes as becomesThat, eventually } from '../harness/wait.ts'
import { newBrowser } from './browser.ts'
import { type OwnGateway, ownGateway } from './own-gateway.ts'
import { PASSWORD } from './people.ts'
import { type PretendPc, pretendPc } from './pretend-pc.ts'
import { atDesk, becomes, clear, deploymentOf, homes, onlyOf, podsOf, told } from './room.ts'
import { screen } from './screen-client.ts'

/**
 * Somebody new gets the login of somebody who was removed while their desktop is on. Nobody ends it meanwhile, since no
 * replica leads: then nothing but the owner that a desktop names keeps the two people apart.
 */

let lab: BareLab
let gateway: OwnGateway
let pc: PretendPc
const LOGIN = `su-${Date.now().toString(36)}`

test.before(async () => {
  lab = await sharedLab()
  await clear(lab)
  await homes(lab, LOGIN)
  pc = await pretendPc(lab, 'su-pc', onlyOf(LOGIN))
  pc.room(100)
  pc.reach('ready')
  pc.readyFor(0)
  gateway = await ownGateway(lab, 'successor')
})

test.after.always(async () => {
  await Promise.all([gateway?.end(), pc?.end()])
  await clear(lab)
})

const entryUUIDOf = async (login: string): Promise<string> =>
  (
    await must(lab, ['get', 'identity', login, '-o', 'jsonpath={.spec.entryUUID}', '--ignore-not-found'])
  ).trim()

/** What storage says of a home, as it would. */
async function tellHome(login: string, status: 'True' | 'False'): Promise<void> {
  const { conditions = [] } =
    JSON.parse(await must(lab, ['get', 'identity', login, '-o', 'json'])).status ?? {}
  const others = conditions.filter(({ type }: { type: string }) => type !== 'HomeReady')
  const lastTransitionTime = new Date().toISOString()
  const home = {
    type: 'HomeReady',
    status,
    reason: 'FormerPerson',
    message: 'told by a test',
    lastTransitionTime,
  }
  const patch = JSON.stringify({ status: { conditions: [...others, home] } })
  await must(lab, ['patch', 'identity', login, '--subresource=status', '--type=merge', '-p', patch])
}

/** Gives the term of the gateways to nobody that runs; what it returns lets them stand for it again. */
async function nobodyLeads(): Promise<() => Promise<void>> {
  const store = leaseStore(administrator(lab), NAMESPACES.system, GATEWAY.lease)
  await eventually('the term is taken', async () => {
    const term = await store.read()
    const taken = { holder: 'nobody that runs', duration: 3_600_000, transitions: 0 }
    const now = new Date()
    return (await store.write({ ...taken, acquired: now, renewed: now }, term?.version)) !== undefined
  })
  await eventually('the gateway leads no more', async () =>
    /^deskfleet_gateway_leading 0$/m.test(await (await fetch(`${gateway.metrics}/metrics`)).text()),
  )
  return async () => {
    await must(lab, ['delete', 'lease', GATEWAY.lease, '-n', NAMESPACES.system, '--ignore-not-found'])
  }
}

test.serial('a successor sees nothing of a former person’s desktop, and gets an own one', async (t) => {
  if (!lab.ldap) throw new Error('the lab has no LDAP')
  const directory = directoryOf(lab.ldap, 'admin')
  t.teardown(() => directory.close())
  const former = await atDesk(lab, gateway.origin, LOGIN)
  t.teardown(() => former.bridge.end())
  const before = await entryUUIDOf(LOGIN)
  const [pod = ''] = await podsOf(lab, LOGIN)
  t.is((await deploymentOf(lab, LOGIN)).metadata.annotations[ENTRY_UUID], before)

  const passwords = `${PASSWORD} of somebody else`
  const leadAgain = await nobodyLeads()
  t.teardown(leadAgain)
  await removePerson(directory, LOGIN)
  const another = { name: 'Somebody Else', groups: [], shell: '/bin/bash', password: passwords }
  await addPerson(directory, { login: LOGIN, ...another })
  await eventually('the cluster knows the new one', async () => {
    const now = await entryUUIDOf(LOGIN)
    return now !== '' && now !== before
  })
  await tellHome(LOGIN, 'False')
  const shown = () => former.bridge.seen.headers.filter(({ upgrade }) => upgrade).length
  const successor = newBrowser(gateway.origin)
  await successor.login(LOGIN, passwords)
  await eventually('the page says that the home is not ready', async () =>
    /home/i.test((await told(successor)).title),
  )
  const screens = shown()
  t.deepEqual(await podsOf(lab, LOGIN), [pod], 'else this shows nothing')
  t.deepEqual(await screen(gateway.origin, successor), { status: 409 })
  t.is((await successor.get('/desktop/files')).status, 502)
  await successor.get('/password')
  await successor.post('/desktop/keep', {})
  await successor.post('/desktop/stop', {})
  t.deepEqual(await podsOf(lab, LOGIN), [pod], 'what is another’s is not ended either')
  t.is(shown(), screens)
  t.is((await told(former.browser)).state, 'none', 'the former one is logged out')

  await leadAgain()
  await tellHome(LOGIN, 'True')
  await becomes(successor, 'ready')
  const { metadata, spec } = await deploymentOf(lab, LOGIN)
  const now = await entryUUIDOf(LOGIN)
  t.is(metadata.annotations[ENTRY_UUID], now)
  t.is(spec.template.metadata.annotations[ENTRY_UUID], now)
  await becomesThat('pods', async () => (await podsOf(lab, LOGIN)).includes(pod), false)
})
