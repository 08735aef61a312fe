import test from 'ava'
import { DIRECTORY_CHECKED, NAMESPACES } from '../../config/names.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { openPlatform } from '../../lab/bare/platform.ts'
import { must, sharedLab } from '../harness/lab.ts'
import { deskfleet, published, tryPod, tryPodUntilTaken } from '../harness/platform.ts'
import { becomes, eventually } from '../harness/wait.ts'

/** How long the cluster goes on believing what the directory said last, with the real sync, webhook and API server. */

let lab: BareLab
const run = Date.now().toString(36)
const LOGIN = `st-${run}`
const { configMap, key } = DIRECTORY_CHECKED
const MAP = ['configmap', configMap, '-n', NAMESPACES.system]
const MINUTE = 60_000

test.before(async () => {
  lab = await sharedLab()
  const added = await deskfleet(lab, 'people', 'add', LOGIN)
  if (added.code !== 0) throw new Error(added.stderr)
  await published(lab, LOGIN)
  const taken = await tryPodUntilTaken(lab, LOGIN)
  if (taken.code !== 0) throw new Error(taken.stderr)
})
test.after.always(async () => {
  if (lab)
    await openPlatform(lab)
      .start('identity-sync')
      .catch(() => {})
  await deskfleet(lab, 'people', 'unlock', LOGIN)
})

/** As if the sync had last read everybody so long ago. */
const readAgo = (minutes: number) => {
  const data = { [key]: new Date(Date.now() - minutes * MINUTE).toISOString() }
  return must(lab, ['patch', ...MAP, '--type=merge', '-p', JSON.stringify({ data })])
}

/** What comes of a pod of theirs. */
const outcome = async (): Promise<string> => {
  const { code, stderr } = await tryPod(lab, LOGIN)
  if (code === 0) return /Warning: identities are as the directory had them/.test(stderr) ? 'warned' : 'taken'
  if (/identities are stale, as the directory had them at .*Z/.test(stderr)) return 'stale'
  return /locked the account in the cluster/.test(stderr) ? 'locked' : stderr
}

test.serial(
  'warned of after a quarter of an hour, refused after twelve hours, also where the word is removed',
  async (t) => {
    t.is(await outcome(), 'taken')
    await openPlatform(lab).stop('identity-sync')
    await readAgo(20)
    await becomes('a pod', outcome, 'warned')
    await readAgo(11 * 60 + 55)
    t.is(await outcome(), 'warned')
    await readAgo(12 * 60 + 5)
    await becomes('a pod', outcome, 'stale')
    const metrics = await (await fetch(`${openPlatform(lab).webhookHealth}/metrics`)).text()
    const age = Number(/^deskfleet_webhook_directory_age_seconds (\d+)/m.exec(metrics)?.[1])
    t.true(age >= 12 * 3_600, `${age}`)
    await must(lab, ['delete', ...MAP])
    t.is(await outcome(), 'stale')
  },
)

test.serial('an emergency lock holds all that time', async (t) => {
  const locked = await deskfleet(lab, 'people', 'lock', LOGIN)
  t.is(locked.code, 0, locked.stderr)
  await becomes('a pod', outcome, 'locked')
  t.is((await deskfleet(lab, 'people', 'unlock', LOGIN)).code, 0)
  await becomes('a pod', outcome, 'stale')
})

test.serial('once the sync has read everybody, nothing is said any more', async (t) => {
  await openPlatform(lab).start('identity-sync')
  await becomes('a pod', outcome, 'taken')
  t.true(await eventually('it is told', async () => (await must(lab, ['get', ...MAP, '-o', 'name'])) !== ''))
})
