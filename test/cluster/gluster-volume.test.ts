import test from 'ava'
import { readToldVolume } from '../../cluster/gluster-volume.ts'
import { API_GROUP, API_VERSION, GLUSTER, GLUSTER_VOLUME, NAMESPACES } from '../../config/names.ts'
import { statusOf } from '../../storage/gluster/agent/status.ts'
import { BIRTH, OPTIONS } from '../../storage/gluster/agent/volume-options.ts'
import { plan } from '../../storage/gluster/plan/decide.ts'
import { NOW, POLICY, wellRoom } from '../storage/gluster/plan/facts.ts'

/** What agents write of the volume is read by the command line and the administrator's page. */

const object = (status: unknown, replicas = 3) => ({
  apiVersion: `${API_GROUP}/${API_VERSION}`,
  kind: GLUSTER_VOLUME.kind,
  metadata: { name: GLUSTER.volume, namespace: NAMESPACES.storage },
  spec: { replicas },
  status,
})

const written = () => {
  const facts = wellRoom(4, 3)
  const policy = { ...POLICY, copies: 3 }
  const done = plan(policy, facts, NOW)
  const before = { generation: 1, conditions: [], findings: [] }
  return JSON.parse(JSON.stringify(statusOf(policy, facts, done, before, new Date(NOW))))
}

test('what the agents say of a volume is what is read of it', (t) => {
  const status = written()
  const told = readToldVolume(object(status))
  t.is(told?.wanted, 3)
  t.is(told?.copies, 3)
  for (const field of ['servers', 'spares', 'safeToPull', 'findings', 'bytes', 'free'] as const)
    t.deepEqual(told?.[field], status[field], field)
  t.deepEqual(
    told?.sets.map(({ bricks, pending }) => [bricks.map(({ pc, state }) => [pc, state]), pending]),
    status.sets.map(({ bricks, pending }: { bricks: { pc: string; state: string }[]; pending: number }) => [
      bricks.map(({ pc, state }) => [pc, state]),
      pending,
    ]),
  )
  t.deepEqual(
    told?.conditions.map(({ type }) => type),
    status.conditions.map(({ type }: { type: string }) => type),
  )
})

test('before any agent has spoken nothing is said of it', (t) => {
  const told = readToldVolume(object(undefined, 5))
  t.like(told, { wanted: 5, copies: 0, sets: [], servers: [], findings: [] })
})

test('what cannot be read is no volume, whatever is wrong with it', (t) => {
  const status = written()
  for (const spoilt of [
    undefined,
    'text',
    { status },
    object({ ...status, sets: 'none' }),
    object({ ...status, findings: [{ severity: 'odd', reason: '', where: '', what: '', mend: '' }] }),
    object({ ...status, free: 'much' }),
  ])
    t.is(readToldVolume(spoilt), undefined)
})

test('TLS is set before a volume runs, and no option that takes it away afterwards', (t) => {
  t.deepEqual(BIRTH, { 'client.ssl': 'on', 'server.ssl': 'on' })
  t.deepEqual(
    Object.keys(OPTIONS).filter((name) => name.includes('ssl') || name.startsWith('auth.')),
    [],
  )
})
