import { CoreV1Api, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node'
import test, { type ExecutionContext } from 'ava'
import { HALT, MASTER, NEVER_MASTER, PAUSE, RESUMED, STEP_DOWN } from '../../../config/labels.ts'
import { CONTROL_PLANE_GUARD, ETCD_COPIES, NAMESPACES } from '../../../config/names.ts'
import type { BareLab } from '../../../lab/bare/bare.ts'
import { NEW_STATE, type State } from '../../../orchestrator/state.ts'
import { must, type OwnLab, ownLab } from '../../harness/lab.ts'
import { deskfleet } from '../../harness/platform.ts'
import { eventually } from '../../harness/wait.ts'
import { DEFINITION, guardObject, heardAt, nodeStatus } from './guard.ts'

/** What an administrator reads and asks of the masters by command, with the real API server. */

const { plural, name } = CONTROL_PLANE_GUARD
const NUMBERS = [0, 1, 2, 3, 4]

let own: OwnLab
let lab: BareLab

test.before(async (t) => {
  t.timeout(120_000)
  own = await ownLab()
  lab = own.lab
  for (const number of NUMBERS) {
    const labels = number < 3 ? { [MASTER]: '' } : {}
    const metadata = { name: `pc-${number}`, labels }
    await must(lab, ['create', '-f', '-'], { apiVersion: 'v1', kind: 'Node', metadata })
  }
  await beat()
  heartbeats = setInterval(() => void beat().catch(() => {}), HEARTBEAT)
  await must(lab, ['create', 'namespace', NAMESPACES.crown])
  await must(lab, ['create', 'namespace', NAMESPACES.desktops])
})
test.after.always(async () => {
  clearInterval(heartbeats)
  await own?.end()
})

/** The controller-manager takes a PC for silent after 40 s. */
const HEARTBEAT = 10_000
let heartbeats: ReturnType<typeof setInterval> | undefined

/** As their kubelets would: the PCs say that they are well. */
async function beat(): Promise<void> {
  const core = own.kubeConfig.makeApiClient(CoreV1Api)
  const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch)
  const status = nodeStatus(new Date())
  for (const number of NUMBERS) await core.patchNodeStatus({ name: `pc-${number}`, body: { status } }, merge)
}

async function remembers(record: Partial<State>): Promise<void> {
  const at = Date.now()
  const size = { wanted: 3, next: 3, nextSince: at }
  const state = { ...NEW_STATE, at, size, heard: heardAt(at, NUMBERS), ...record }
  const status = {
    record: state,
    lookedAt: new Date(state.at).toISOString(),
    backupAt: new Date(at).toISOString(),
    certificates: { 'pc-2': new Date(at + 300.5 * 24 * 3_600_000).toISOString() },
  }
  // Null takes the parts of an earlier status away.
  const cleared = { record: { operation: null, halted: null, waiting: null, sick: null } }
  for (const part of [{ status: cleared }, { status }])
    await must(lab, [
      'patch',
      plural,
      name,
      '--subresource=status',
      '--type=merge',
      '-p',
      JSON.stringify(part),
    ])
}

const annotation = async (key: string): Promise<string | undefined> => {
  const guard = JSON.parse(await must(lab, ['get', plural, name, '-o', 'json']))
  return guard.metadata.annotations?.[key]
}

const masters = (...args: string[]) => deskfleet(lab, 'masters', ...args)
const done = async (t: ExecutionContext, ...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await masters(...args)
  t.is(code, 0, stderr)
  return stdout
}

test.serial('where nobody watches it is said what is missing', async (t) => {
  const { code, stderr } = await masters('status')
  t.is(code, 1)
  t.regex(stderr, /ControlPlaneGuard default is not there; was the app "orchestrator" delivered\?/)
  await must(lab, ['apply', '-f', '-'], DEFINITION)
  await eventually('a Guard can be had', async () => (await lab.run(['get', plural])).code === 0)
  const { metadata, ...rest } = guardObject(undefined)
  await must(lab, ['apply', '-f', '-'], { ...rest, metadata: { name: metadata.name } })
  const young = await masters('status')
  t.is(young.code, 1)
  t.regex(young.stdout, /^NOBODY HAS LOOKED AT THE MASTERS YET/)
  const early = await masters('explain')
  t.is(early.code, 1)
  t.regex(early.stderr, /nobody has looked at the masters yet/)
})

test.serial('how masters stand, as a table and for programs', async (t) => {
  await remembers({})
  const newest = {
    ...{ name: 'etcd-1.age', at: new Date().toISOString(), revision: 918_244, sha256: 'x' },
    places: ['pc-0', 'pc-3'],
  }
  await must(lab, ['apply', '-f', '-'], {
    ...{ apiVersion: 'v1', kind: 'ConfigMap' },
    metadata: { name: ETCD_COPIES.configMap, namespace: NAMESPACES.crown },
    data: { [ETCD_COPIES.key]: JSON.stringify(newest) },
  })
  const table = await done(t, 'status')
  t.regex(table, /^masters: +3 of 3$/m)
  t.regex(table, /^copy: +\d+ s ago, revision 918244, on pc-0, pc-3$/m)
  t.regex(table, /^pc-2 +\d+ \w+ +yes +answers +answers +answers +300 days +well$/m)
  t.regex(table, /^pc-1 .* answers +- +well$/m)
  t.notRegex(table, /pc-3 +\d/)
  await remembers({ sick: { 'pc-1': { as: 'MachineDead', since: Date.now() - 60_000 } } })
  const { code, stdout } = await masters('status', '-o', 'json')
  t.is(code, 1, 'a master is dead')
  const told = JSON.parse(stdout)
  t.is(told.masters, '2 of 3')
  t.deepEqual(
    told.findings.map((one: { trouble: string }) => one.trouble),
    ['sick', 'few'],
  )
  await remembers({ at: Date.now() - 200_000 })
  const old = await masters('status')
  t.is(old.code, 1)
  t.regex(old.stdout, /^NOBODY LOOKS AT THE MASTERS: the last look was 3 min ago.*\n {2}see "kubectl/)
})

test.serial('which PC would be the heir, and why another one not', async (t) => {
  await remembers({})
  t.regex(await done(t, 'may', 'pc-4'), /pc-4 may be made a master/)
  t.regex(await done(t, 'never', 'pc-3', '--dry-run'), /pc-3 would never be made a master \(dry run\)/)
  t.regex(await done(t, 'explain'), /the next heir: pc-3: [\d.]+ of 100/)
  t.regex(await done(t, 'never', 'pc-3'), /pc-3 will never be made a master/)
  const { metadata } = JSON.parse(await must(lab, ['get', 'node', 'pc-3', '-o', 'json']))
  t.is(metadata.labels[NEVER_MASTER], 'true')
  t.regex(await done(t, 'explain', 'pc-3'), /^ {2}the administrator wants it never to be a master$/m)
  t.regex(await done(t, 'explain'), /the next heir: pc-4/)
  t.regex(await done(t, 'explain', 'pc-0'), /it is a master/)
  t.regex(
    (await masters('explain', 'pc-9')).stderr,
    /no PC of this room is called pc-9; of these there are: pc-0/,
  )
  t.regex((await masters('never', 'pc-9')).stderr, /no PC of this room is called pc-9/)
  t.regex(
    await done(t, 'never', 'pc-2', '--dry-run'),
    /it is one, and stays so until "deskfleet masters step-down pc-2"/,
  )
  await done(t, 'may', 'pc-3')
})

test.serial(
  'a halt stands until it is resumed, also one that the orchestrator called by itself',
  async (t) => {
    t.regex(await done(t, 'resume'), /it is not halted/)
    t.regex(await done(t, 'halt', '--reason', 'the switches', '--dry-run'), /\(dry run\)/)
    t.is(await annotation(HALT), undefined)
    t.regex(await done(t, 'halt', '--reason', 'the switches'), /^halted: nothing is done/)
    t.is(await annotation(HALT), 'the switches')
    const { code, stdout } = await masters('status')
    t.is(code, 1)
    t.regex(stdout, /halted by an administrator: the switches\n {2}nothing is done until/)
    t.regex(
      (await masters('step-down', 'pc-0')).stderr,
      /halted \(the switches\): "deskfleet masters resume" first/,
    )
    t.is((await masters('halt', '--reason', ' ')).code, 2)
    t.regex(await done(t, 'resume'), /it goes on; it was halted: the switches/)
    t.is(await annotation(HALT), undefined)
    // The clock of the orchestrator is ahead of this one by an hour.
    const since = Date.now() + 3_600_000
    await remembers({ halted: { since, why: '3 heirs in a row failed' } })
    await done(t, 'resume')
    t.true(Date.parse((await annotation(RESUMED)) ?? '') > since)
  },
)

test.serial('a pause is given and taken back', async (t) => {
  await remembers({})
  t.regex(await done(t, 'pause', '--reason', 'exams'), /^paused: nothing new is begun/)
  t.is(await annotation(PAUSE), 'exams')
  t.regex(await done(t, 'status'), /^paused: +exams$/m)
  t.regex(await done(t, 'unpause'), /operations are begun again; it was paused: exams/)
  t.is(await annotation(PAUSE), undefined)
  t.regex(await done(t, 'unpause'), /it is not paused/)
})

test.serial('a master is asked to step down, and what happens is told until it has', async (t) => {
  t.timeout(60_000)
  await remembers({})
  t.regex((await masters('step-down', 'pc-4')).stderr, /pc-4 is no master; these are: pc-0, pc-1, pc-2/)
  const dry = await done(t, 'step-down', 'pc-0', '--dry-run')
  t.regex(dry, /first another PC is made a master, then pc-0 is none any more. As of now that would be pc-3/)
  t.is(await annotation(STEP_DOWN), undefined)
  const asked = masters('step-down', 'pc-0')
  await eventually('it is asked for', async () => (await annotation(STEP_DOWN)) === 'pc-0')
  const at = Date.now()
  const leaving = [{ name: 'pc-0', uid: undefined, member: undefined, as: undefined }]
  const operation = {
    ...{ id: 'stepdown-9', kind: 'StepDown' as const, phase: 'Backup' as const, since: at, begun: at },
    ...{ leaving, heir: undefined, tries: 0, crowning: 'no' as const, intent: undefined },
    ...{ waiting: 'a backup is made and proven', failed: undefined },
  }
  await remembers({ operation })
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  const history = [
    {
      ...{ id: 'stepdown-9', kind: 'StepDown' as const, begun: at, ended: at + 1 },
      ...{ leaving: ['pc-0'], heir: 'pc-3', failed: undefined },
    },
  ]
  await remembers({ history })
  const { code, stdout, stderr } = await asked
  t.is(code, 0, stderr)
  t.regex(stdout, /Backup: a backup is made and proven\n/)
  t.regex(stdout, /pc-0 is no master any more; pc-3 is one instead\n$/)
})

test.serial('a step down that was taken back ends the waiting', async (t) => {
  t.timeout(60_000)
  await must(lab, ['annotate', plural, name, `${STEP_DOWN}-`])
  await remembers({ history: [] })
  const asked = masters('step-down', 'pc-1')
  await eventually('it is asked for', async () => (await annotation(STEP_DOWN)) === 'pc-1')
  await must(lab, ['annotate', plural, name, `${STEP_DOWN}-`])
  const { code, stderr } = await asked
  t.is(code, 1)
  t.regex(stderr, /pc-1 did not step down: somebody took the order back/)
})
