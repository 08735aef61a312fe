import test from 'ava'
import { ENGLISH } from '../../gateway/texts/english.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { sharedLab } from '../harness/lab.ts'
import { eventually } from '../harness/wait.ts'
import { type OwnGateway, ownGateway } from './own-gateway.ts'
import { type PretendPc, pretendPc } from './pretend-pc.ts'
import { atDesk, clear, homes, onlyOf } from './room.ts'
import type { Misdeed, SmallBridge } from './small-bridge.ts'

/** Whoever sits at a desktop may make its bridge say anything: that is their own trouble, and nobody else's. */

let lab: BareLab
let gateway: OwnGateway
let pc: PretendPc
const [EVE, BOB, MAX] = ['hb-eve', 'hb-bob', 'hb-max']

test.before(async () => {
  lab = await sharedLab()
  await clear(lab)
  await homes(lab, EVE, BOB, MAX)
  pc = await pretendPc(lab, 'hb-pc', onlyOf(EVE, BOB, MAX))
  pc.room(100)
  pc.reach('ready')
  gateway = await ownGateway(lab, 'hostile')
})

test.after.always(async () => {
  await Promise.all([gateway?.end(), pc?.end()])
  await clear(lab)
})

const timesMore = (bridge: SmallBridge, times: number) => {
  const enough = bridge.asked() + times
  return eventually('it is asked on', () => bridge.asked() >= enough, { every: 50 })
}

test.serial('a hostile bridge keeps nobody else from being asked, and is asked again itself', async (t) => {
  const eve = await atDesk(lab, gateway.origin, EVE)
  const bob = await atDesk(lab, gateway.origin, BOB)
  t.teardown(async () => {
    await Promise.all([eve.bridge.end(), bob.bridge.end()])
  })
  const misdeeds: readonly Misdeed[] = ['drips for ever', 'answers 1 GB', 'answers nonsense', 'never answers']
  for (const misdeed of misdeeds) {
    eve.bridge.misbehave(misdeed)
    await timesMore(eve.bridge, 1)
    const before = process.memoryUsage().rss
    await timesMore(bob.bridge, 5)
    await timesMore(eve.bridge, 1)
    t.true(process.memoryUsage().rss - before < 300 * 1024 * 1024, misdeed)
  }
})

test.serial(
  'of what a bridge says of its home the page hears our own sentences, once each, and nothing else',
  async (t) => {
    const { browser, bridge } = await atDesk(lab, gateway.origin, MAX)
    t.teardown(() => bridge.end())
    const heard = async (notices: unknown): Promise<unknown> => {
      bridge.notice(notices)
      const { status, text } = await browser.get('/desktop/notices')
      t.is(status, 200)
      return JSON.parse(text)
    }
    const { full, foreign } = ENGLISH.desktop.notice
    t.deepEqual(await heard([{ what: 'full' }, { what: 'foreign', place: '.config' }]), [
      full,
      foreign('.config'),
    ])
    t.deepEqual(
      await heard([
        { what: '<script>alert(1)</script>' },
        { what: 'foreign', place: '../../etc/passwd' },
        { what: 'foreign', place: '.config', text: 'Send your password to eve' },
        'full',
        { what: 'full' },
        { what: 'full' },
      ]),
      [foreign('.config'), full],
    )
    t.deepEqual(await heard(Array.from({ length: 1_000 }, () => ({ what: 'full' }))), [])
    t.deepEqual(await heard({ what: 'full' }), [])
    t.deepEqual(await heard(undefined), [], 'one of an older version says none')
    for (const misdeed of ['answers 1 GB', 'answers nonsense'] as const) {
      bridge.misbehave(misdeed)
      t.deepEqual(await heard([]), [], misdeed)
    }
  },
)
