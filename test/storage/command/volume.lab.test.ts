import test from 'ava'
import { Chart, Testing } from 'cdk8s'
import { glusterDefinitions } from '../../../charts/storage/definitions.ts'
import {
  API_GROUP,
  API_VERSION,
  GLUSTER,
  GLUSTER_BRICK,
  GLUSTER_VOLUME,
  NAMESPACES,
} from '../../../config/names.ts'
import type { BareLab } from '../../../lab/bare/bare.ts'
import { must, type OwnLab, ownLab } from '../../harness/lab.ts'
import { deskfleet } from '../../harness/platform.ts'
import { eventually } from '../../harness/wait.ts'

/** What an administrator reads and asks of a Gluster volume by command, with the real API server. */

const namespace = NAMESPACES.storage
const head = (kind: string) => ({ apiVersion: `${API_GROUP}/${API_VERSION}`, kind })

let own: OwnLab
let lab: BareLab

test.before(async (t) => {
  t.timeout(120_000)
  own = await ownLab()
  lab = own.lab
  const chart = new Chart(Testing.app(), 'definitions')
  glusterDefinitions(chart)
  for (const one of chart.toJson()) await must(lab, ['apply', '-f', '-'], one)
  await must(lab, ['create', 'namespace', namespace])
  await eventually(
    'the volume is known',
    async () => (await lab.run(['get', GLUSTER_VOLUME.plural, '-A'])).code === 0,
  )
})
test.after.always(() => own?.end())

const condition = (type: string, status: string, message = '') => ({
  type,
  status,
  reason: 'Test',
  message,
  lastTransitionTime: '2026-11-27T12:00:00Z',
})

const FINDING = {
  severity: 'degraded',
  reason: 'BrickMissing',
  where: 'pc-2',
  what: 'its brick is missing',
  mend: 'bring it back',
}

const status = (more: object = {}) => ({
  conditions: [condition('Available', 'True'), condition('Healthy', 'False')],
  copies: 2,
  sets: [
    {
      bricks: [
        { pc: 'pc-1', state: 'here' },
        { pc: 'pc-2', state: 'missing' },
      ],
      bytes: 2e12,
      free: 5e11,
      pending: 3,
    },
  ],
  bytes: 2e12,
  free: 5e11,
  spares: ['pc-3'],
  safeToPull: [],
  findings: [FINDING],
  ...more,
})

const tell = (of: string, name: string, told: object) =>
  must(lab, [
    ...['-n', namespace, 'patch', of, name, '--subresource=status', '--type=merge'],
    ...['-p', JSON.stringify({ status: told })],
  ])

const read = (of: string, name: string, path: string) =>
  must(lab, ['-n', namespace, 'get', of, name, '-o', `jsonpath=${path}`])

test.serial('without a volume it says what to look at', async (t) => {
  const { code, stderr } = await deskfleet(lab, 'storage', 'status')
  t.is(code, 1)
  t.regex(stderr, /GlusterVolume deskfleet-storage\/home is not there/)
  t.regex(stderr, /storage\.kind/)
})

test.serial('copies, bricks, spares, and what is wrong with what to do', async (t) => {
  const spec = { replicas: 2, spares: 1, replaceAfterSeconds: 60 }
  const volume = { ...head(GLUSTER_VOLUME.kind), metadata: { name: GLUSTER.volume, namespace }, spec }
  await must(lab, ['create', '-f', '-'], volume)
  // Of a kind that was defined a moment ago the API server says for a while that it is initializing.
  await eventually('the volume is read', async () => {
    const young = await deskfleet(lab, 'storage', 'status')
    return young.code === 1 && /no agent has told of them/.test(young.stderr)
  })
  for (const name of ['pc-1', 'pc-2', 'pc-3']) {
    await must(lab, ['create', '-f', '-'], {
      ...head(GLUSTER_BRICK.kind),
      metadata: { name, namespace },
      spec: {},
    })
    const brick = { id: name, path: '/brick/data', bytes: 2e12, free: 5e11, holds: 'nothing' }
    await tell(GLUSTER_BRICK.singular, name, { brick, epoch: 1 })
  }
  await tell(GLUSTER_VOLUME.singular, GLUSTER.volume, status())
  const { code, stdout } = await deskfleet(lab, 'storage', 'status')
  t.is(code, 0)
  t.regex(stdout, /copies: +2 of 2/)
  t.regex(stdout, /pc-2 +1 +missing +3 +2\.0 TB +500\.0 GB/)
  t.regex(stdout, /pc-3 +- +spare/)
  t.regex(stdout, /pc-2: its brick is missing\n {2}bring it back/)
  const json = JSON.parse((await deskfleet(lab, 'storage', 'status', '-o', 'json')).stdout)
  t.is(json.bricks.length, 3)
  const still = { conditions: [condition('Available', 'False', 'set 1: no quorum')] }
  await tell(GLUSTER_VOLUME.singular, GLUSTER.volume, status(still))
  const down = await deskfleet(lab, 'storage', 'status')
  t.is(down.code, 1)
  t.regex(down.stderr, /homes stand still: set 1: no quorum/)
  await tell(GLUSTER_VOLUME.singular, GLUSTER.volume, status())
})

test.serial('a PC is asked to leave, and to stay after all', async (t) => {
  const retiring = () => read(GLUSTER_BRICK.singular, 'pc-2', '{.spec.retiring}')
  t.regex(
    (await deskfleet(lab, 'storage', 'retire', 'pc-9')).stderr,
    /no agent has told of a brick on pc-9.*pc-1, pc-2, pc-3/,
  )
  t.regex(
    (await deskfleet(lab, 'storage', 'retire', 'pc-2', '--dry-run')).stdout,
    /would leave once its files are elsewhere/,
  )
  t.is(await retiring(), '')
  t.is((await deskfleet(lab, 'storage', 'retire', 'pc-2', '--no-wait')).code, 0)
  t.is(await retiring(), 'true')
  t.is((await deskfleet(lab, 'storage', 'retire', 'pc-2', '--undo')).code, 0)
  t.is(await retiring(), 'false')
})

test.serial('it waits until the plug may be pulled, and says so', async (t) => {
  const waiting = deskfleet(lab, 'storage', 'retire', 'pc-2')
  await eventually(
    'pc-2 is asked to leave',
    async () => (await read(GLUSTER_BRICK.singular, 'pc-2', '{.spec.retiring}')) === 'true',
  )
  await tell(GLUSTER_VOLUME.singular, GLUSTER.volume, status({ safeToPull: ['pc-2'] }))
  t.regex((await waiting).stdout, /pc-2 is empty: its plug may be pulled\n$/)
  await deskfleet(lab, 'storage', 'retire', 'pc-2', '--undo')
})

test.serial('a brick is replaced only while there is a spare', async (t) => {
  t.regex((await deskfleet(lab, 'storage', 'replace', 'pc-3')).stderr, /there is nothing to replace/)
  await tell(GLUSTER_VOLUME.singular, GLUSTER.volume, status({ spares: [] }))
  t.regex((await deskfleet(lab, 'storage', 'replace', 'pc-2')).stderr, /no spare is left/)
})

test.serial('a heal is asked for by a mark on the volume', async (t) => {
  t.is((await deskfleet(lab, 'storage', 'heal', '--dry-run')).code, 0)
  t.is(await read(GLUSTER_VOLUME.singular, GLUSTER.volume, '{.metadata.annotations}'), '')
  t.regex((await deskfleet(lab, 'storage', 'heal')).stdout, /3 entries are behind now/)
  t.regex(await read(GLUSTER_VOLUME.singular, GLUSTER.volume, '{.metadata.annotations}'), /heal-asked":"20/)
})
