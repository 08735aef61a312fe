import test, { type ExecutionContext } from 'ava'
import { z } from 'zod'
import { NAMESPACES } from '../../config/names.ts'
import { VERSION } from '../../config/version.ts'
import type { Room } from '../../lab/room/room.ts'
import { addPerson, inPod, must, plainPod } from '../delivery/person.ts'
import { pcBecomes, sharedRoom } from '../harness/room.ts'
import { becomes } from '../harness/wait.ts'

const WORKLOADS = [
  [NAMESPACES.directory, 'statefulset/ldap'],
  [NAMESPACES.system, 'deployment/webhook'],
  [NAMESPACES.system, 'deployment/identity-sync'],
  [NAMESPACES.storage, 'deployment/homes'],
  [NAMESPACES.storage, 'daemonset/home-mounter'],
] as const

/** By tag: what is asked for here never depends on what the room's images are at the moment. */
const image = `registry.room.example.org:5000/deskfleet:${VERSION}`
const pod = (name: string, pc?: string) => plainPod(name, 'ada', image, pc)

test.serial('delivered: secrets are made, and every program is ready', async (t) => {
  t.timeout(300_000)
  const room = await sharedRoom()
  for (const [namespace, workload] of WORKLOADS) {
    const waited = await room.run(['rollout', 'status', workload, '-n', namespace, '--timeout=240s'])
    t.is(waited.code, 0, `${workload}: ${waited.stderr}`)
  }
})

test.serial('a person added by the command line, to slapd in its pod, is known and has a home', async (t) => {
  const room = await sharedRoom()
  t.regex(await addPerson(room, 'ada'), /ada added, uid \d+/)
})

test.serial('a plain pod runs as her, and her home follows her to every PC', async (t) => {
  t.timeout(300_000)
  const room = await sharedRoom()
  const uid = await must(room, ['get', 'identity', 'ada', '-o', 'jsonpath={.spec.uid}'])
  for (const [index, pc] of room.pcs.entries()) {
    const line = 'id -u && echo "$HOSTNAME" >>~/trail && stat -c %u:%a ~ ~/trail'
    const seen = await inPod(room, pod(`hers-${index}`, pc.name), line)
    t.is(seen, `${uid}\n${uid}:700\n${uid}:644\n`, pc.name)
  }
  const trail = await inPod(room, pod('hers-last', room.pcs[0]?.name), 'cat ~/trail')
  t.deepEqual(
    trail.trim().split('\n'),
    room.pcs.map((_, index) => `hers-${index}`),
  )
  await room.run(['delete', 'pods', '--all', '-n', NAMESPACES.desktops, '--now', '--wait=false'])
})

test.serial('a stranger’s pod is refused', async (t) => {
  const answer = await admitted(await sharedRoom(), plainPod('nobodys', 'nobody-knows', image))
  t.regex(String(answer), /denied the request: Nobody called "nobody-knows"/)
})

/** Asks for admission alone: nothing is stored. The uid that the pod would have, or why it was refused. */
async function admitted(room: Room, wanted: object): Promise<number | undefined | string> {
  const args = ['create', '--dry-run=server', '-o', 'json', '-f', '-', '--request-timeout=10s']
  const { code, stdout, stderr } = await room.run(args, { input: JSON.stringify(wanted) })
  return code === 0 ? Admitted.parse(JSON.parse(stdout)).spec.securityContext?.runAsUser : stderr.trim()
}

const Admitted = z.object({
  spec: z.object({ securityContext: z.object({ runAsUser: z.number().optional() }).optional() }),
})

/** Asks again and again for `seconds`; every answer is her uid or a refusal. Tells how long refusals went on. */
async function askFor(t: ExecutionContext, room: Room, seconds: number): Promise<string> {
  const uid = Number(await must(room, ['get', 'identity', 'ada', '-o', 'jsonpath={.spec.uid}']))
  const began = performance.now()
  const passed = (): number => (performance.now() - began) / 1000
  const [refusals, answers]: [number[], number[]] = [[], []]
  while (passed() < seconds) {
    const at = passed()
    const answer = await admitted(room, pod('asked'))
    if (typeof answer === 'string') refusals.push(at)
    else t.is(answer, uid, 'never admitted without identity')
    answers.push(passed() - at)
  }
  const span =
    refusals.length === 0 ? '' : `, from ${refusals[0]?.toFixed(1)} s to ${refusals.at(-1)?.toFixed(1)} s`
  const slowest = Math.max(...answers).toFixed(1)
  return `${refusals.length} of ${answers.length} refused${span}; the slowest answer took ${slowest} s`
}

const webhookPods = ['pods', '-n', NAMESPACES.system, '-l', 'app.kubernetes.io/name=webhook']

test.serial('one webhook pod is killed: pods of people keep their identity, or are refused', async (t) => {
  const room = await sharedRoom()
  const [victim = ''] = (await must(room, ['get', ...webhookPods, '-o', 'name'])).trim().split('\n')
  const kill = ['delete', victim, '-n', NAMESPACES.system, '--grace-period=0', '--force', '--wait=false']
  const [told] = await Promise.all([askFor(t, room, 6), must(room, kill)])
  t.log(`webhook pod killed: ${told}`)
  await becomes(
    'the answer of admission',
    async () => typeof (await admitted(room, pod('after'))),
    'number',
    { seconds: 60 },
  )
})

test.serial('the PC of a webhook pod loses power: the same', async (t) => {
  t.timeout(300_000)
  const room = await sharedRoom()
  const hosts = (await must(room, ['get', ...webhookPods, '-o', 'jsonpath={.items[*].spec.nodeName}'])).split(
    ' ',
  )
  // The first master is spared: with the way to the API gone, nothing would be learned about the webhook.
  const pc = hosts.find((name) => name !== room.pcs[0]?.name) ?? ''
  await room.pc.off(pc)
  try {
    t.log(`${pc} off: ${await askFor(t, room, 60)}`)
    // A minute later all is as before.
    await becomes(
      'the answer of admission',
      async () => typeof (await admitted(room, pod('after'))),
      'number',
      { seconds: 30 },
    )
  } finally {
    await room.pc.on(pc)
    await pcBecomes(room, pc, 'True')
  }
})
