import { randomBytes } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { z } from 'zod'
import { NAMESPACES } from '../../config/names.ts'
import { VERSION } from '../../config/version.ts'
import type { Room } from '../../lab/room/room.ts'
import { addPerson, inPod, must, plainPod } from '../delivery/person.ts'
import { readiness, sharedRoom } from '../harness/room.ts'
import { eventually } from '../harness/wait.ts'

/** A pod of a person takes all that it can of its PC; another person's, on the same PC, must not notice. */

const IMAGE = `registry.room.example.org:5000/deskfleet:${VERSION}`
const mark = randomBytes(2).toString('hex')
const [GREEDY, NEIGHBOUR] = [`greedy-${mark}`, `neighbour-${mark}`]
const namespace = NAMESPACES.desktops

let room: Room
let pc: Room['pcs'][number]

test.before(async (t) => {
  t.timeout(600_000)
  room = await sharedRoom()
  const worker = room.pcs.find(({ role }) => role === 'worker')
  if (!worker) throw new Error('the room has no worker')
  pc = worker
  for (const login of [GREEDY, NEIGHBOUR]) await addPerson(room, login)
  await inPod(room, plainPod(NEIGHBOUR, NEIGHBOUR, IMAGE, pc.name), 'true')
})
test.afterEach.always(() => room?.run(['delete', 'pod', GREEDY, '-n', namespace, '--now']))
test.after.always(() => room?.run(['delete', 'pod', NEIGHBOUR, '-n', namespace, '--now', '--wait=false']))

const PodStatus = z.object({
  status: z.object({
    phase: z.string(),
    reason: z.string().optional(),
    containerStatuses: z
      .array(
        z.object({
          restartCount: z.number(),
          lastState: z.object({ terminated: z.object({ reason: z.string() }).optional() }).default({}),
          state: z.object({ terminated: z.object({ reason: z.string() }).optional() }).default({}),
        }),
      )
      .default([]),
  }),
})

async function statusOf(pod: string) {
  return PodStatus.parse(JSON.parse(await must(room, ['get', 'pod', pod, '-n', namespace, '-o', 'json'])))
    .status
}

/** The greedy person's pod, in which nothing runs yet. */
const greedy = () => inPod(room, plainPod(GREEDY, GREEDY, IMAGE, pc.name), 'true')

const shell = (pod: string, line: string) => room.run(['exec', pod, '-n', namespace, '--', 'sh', '-c', line])

/** The neighbour's pod works and was never started anew, and the PC is as it was. */
async function unharmed(t: ExecutionContext): Promise<void> {
  const { code, stdout } = await shell(NEIGHBOUR, 'echo well >~/well && cat ~/well && (sleep 0 & wait)')
  t.deepEqual([code, stdout], [0, 'well\n'])
  const { phase, containerStatuses } = await statusOf(NEIGHBOUR)
  t.deepEqual([phase, containerStatuses.map(({ restartCount }) => restartCount)], ['Running', [0]])
  t.is(await readiness(room, pc.name), 'True')
  const pressures = 'jsonpath={.status.conditions[?(@.status=="True")].type}'
  t.is(await must(room, ['get', 'node', pc.name, '-o', pressures]), 'Ready')
}

test.serial('processes: no more than the PC gives one pod', async (t) => {
  t.timeout(240_000)
  await greedy()
  // Bounded, should the limit ever be missing: then more than 4,096 of them live.
  const bomb = `i=0; while [ $i -lt 4500 ]; do sleep 60 & i=$((i+1)); done 2>&1; echo made $i`
  const { stdout } = await shell(GREEDY, bomb)
  t.regex(stdout, /fork|Resource temporarily unavailable/i)
  t.notRegex(stdout, /made 4500/)
  await unharmed(t)
})

test.serial('memory: the one who takes too much is ended', async (t) => {
  t.timeout(240_000)
  await greedy()
  const hog = `const all = []; for (;;) all.push(Buffer.alloc(64 * 2 ** 20, 1))`
  const { code } = await room.run(['exec', GREEDY, '-n', namespace, '--', 'node', '-e', hog])
  t.not(code, 0)
  await unharmed(t)
})

test.serial(
  'disk: who fills /tmp or what is not their home is put out, and the disk is free again',
  async (t) => {
    t.timeout(400_000)
    await greedy()
    const { stdout, stderr } = await shell(GREEDY, 'cat /dev/zero >/tmp/full; ls -l /tmp/full')
    // Either the file system says that it is full, or the kubelet ends the pod.
    if (!/No space left/.test(stdout + stderr))
      await eventually('the pod is put out', async () => (await statusOf(GREEDY)).reason === 'Evicted', {
        seconds: 240,
        every: 1_000,
      })
    await unharmed(t)
  },
)

test.serial('log: what is written without end is cut', async (t) => {
  t.timeout(300_000)
  const loud = plainPod(GREEDY, GREEDY, IMAGE, pc.name)
  const [container] = loud.spec.containers
  if (!container) throw new Error('no container')
  const line = 'a line of a log that goes on and on, to fill the disk of the PC with what nobody reads'
  // For longer than the kubelet takes between two looks: what comes in between stays until the next.
  const flood = `i=0; while [ $i -lt 60 ]; do yes '${line}' | head -c 2000000; sleep 1; i=$((i+1)); done; touch ~/flooded; sleep infinity`
  const command = ['sh', '-c', flood]
  await must(
    room,
    ['apply', '-f', '-'],
    JSON.stringify({ ...loud, spec: { ...loud.spec, containers: [{ ...container, command }] } }),
  )
  const uid = await eventually('the pod runs', async () => {
    const [phase, found] = (
      await must(room, [
        'get',
        'pod',
        GREEDY,
        '-n',
        namespace,
        '-o',
        'jsonpath={.status.phase} {.metadata.uid}',
      ])
    ).split(' ')
    return phase === 'Running' && found
  })
  const folder = `/var/log/pods/${namespace}_${GREEDY}_${uid}`
  const size = async () => {
    const du = await room.machine.exec(['podman', 'exec', pc.name, 'du', '-sm', folder])
    return Number(du.stdout.split('\t')[0])
  }
  await eventually('all of it was written', async () => (await shell(GREEDY, 'ls ~/flooded')).code === 0, {
    seconds: 180,
    every: 2_000,
  })
  // Of some 120 MB; three files of 10 MiB each, and what came since the kubelet looked last.
  await eventually('the log was cut', async () => (await size()) > 0 && (await size()) <= 45, {
    seconds: 120,
    every: 2_000,
  })
  await unharmed(t)
})
