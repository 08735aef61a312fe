import { randomBytes } from 'node:crypto'
import test from 'ava'
import { sharedRoom } from '../../harness/room.ts'
import { eventually, secondsOf } from '../../harness/wait.ts'
import {
  becomesMaster,
  becomesWorker,
  bootByJob,
  type CrownRoom,
  enterRoom,
  removeMember,
  stepDown,
  writeSecrets,
} from './crowning.ts'

/**
 * A real kubeadm in a real room: a worker is crowned by the Jobs that the orchestrator makes, the master that it follows comes
 * back and is a worker by itself, and power goes at two steps of a join. At the end the masters are those of the beginning.
 */

let crown: CrownRoom
/** The master that is replaced and crowned again; one that stays; the worker that is crowned for a while. */
let victim: string
let stays: string
let heir: string
const newOperation = (): string => `t${randomBytes(4).toString('hex')}`

test.before(async (t) => {
  t.timeout(300_000)
  const room = await sharedRoom()
  const of = (role: 'master' | 'worker') => room.pcs.filter((pc) => pc.role === role).map(({ name }) => name)
  victim = of('master')[2] ?? ''
  stays = of('master')[0] ?? ''
  heir = of('worker')[0] ?? ''
  crown = await enterRoom(room)
})
test.after.always(() => crown?.leave())

test.serial('each PC has a boot of its own, and tells what it is', async (t) => {
  t.timeout(300_000)
  const facts = await Promise.all([victim, stays, heir].map((pc) => crown.facts(pc)))
  t.deepEqual(
    facts.map(({ master, apiReady }) => [master, apiReady]),
    [
      [true, true],
      [true, true],
      [false, false],
    ],
  )
  t.is(new Set(facts.map(({ bootId }) => bootId)).size, 3)
  t.log(facts.map(({ syncMicroseconds }) => `${syncMicroseconds} µs to write`).join(', '))
})

test.serial('a master dies, and a worker is crowned in its place by Jobs alone', async (t) => {
  t.timeout(900_000)
  const { room, told } = crown
  const operation = newOperation()
  const node = heir
  t.log(`booted in ${(await bootByJob(crown, operation, heir)).toFixed(0)} s`)
  await room.pc.off(victim)
  await eventually('it is silent', async () => (await room.seen()).get(victim)?.state === 'silent', {
    seconds: 120,
  })
  const reached = await told({ operation, step: { name: 'reach', argument: addressOf(victim) }, node })
  t.regex(reached.reason, /does not answer/)
  const other = await told({
    operation,
    attempt: 2,
    step: { name: 'reach', argument: addressOf(stays) },
    node,
  })
  t.regex(other.reason, /answers|is on/)

  const secrets = await writeSecrets(crown, operation, heir)
  const ready = await told({ operation, step: secrets.preflight, node })
  t.is(ready.outcome, 'done', ready.reason)
  const minted = await told({ operation, step: secrets.mint, node: stays })
  t.is(minted.outcome, 'done', minted.reason)

  const crowning = await secondsOf(async () => {
    await removeMember(crown, victim, stays)
    await room.run(['delete', 'node', victim, '--wait=false'])
    const joined = await told({ operation, step: secrets.join, node })
    t.is(joined.outcome, 'done', joined.reason)
    await becomesMaster(crown, heir, stays)
  })
  t.log(`from the removal to a ready master ${crowning.toFixed(0)} s`)
  const log = await crown.log({ operation, step: secrets.join, node })
  t.regex(log, /promoted/)
  for (const word of secrets.words) t.false(log.includes(word), 'no log has a secret')
  await secrets.remove()
  t.deepEqual([...(await room.etcd()).keys()].sort(), [heir, ...others()].sort())
  t.is((await crown.facts(heir)).joining, false)
  const left = await room.machine.exec(['podman', 'exec', heir, 'ls', '/run/deskfleet-crown'])
  t.not(left.code, 0, 'its plan is gone')
})

test.serial('the master that was replaced comes back, and is a worker without anybody', async (t) => {
  t.timeout(300_000)
  await crown.room.pc.on(victim)
  t.log(`a worker ${(await becomesWorker(crown, victim)).toFixed(0)} s after power`)
})

/** What etcd says of a PC whose join is held there: at first its own etcd does not run yet. */
const HELD = { announced: 'silent', promoted: 'voter' } as const

for (const step of ['announced', 'promoted'] as const) {
  test.serial(
    `power goes when a join is ${step}: the same join, asked for again, is brought to its end`,
    async (t) => {
      t.timeout(900_000)
      const { room, told, ask } = crown
      const [leaving, coming] = step === 'announced' ? [heir, victim] : [victim, heir]
      await stepDown(crown, newOperation(), leaving, stays)
      const operation = newOperation()
      const secrets = await writeSecrets(crown, operation, coming)
      const minted = await told({ operation, step: secrets.mint, node: stays })
      t.is(minted.outcome, 'done', minted.reason)

      const held = room.holdJoin(coming, step, 240)
      await ask({ operation, step: secrets.join, node: coming })
      await held
      t.is((await room.etcd()).get(coming), HELD[step])
      await room.pc.off(coming)
      await room.pc.on(coming)
      await eventually('it is ready', async () => (await room.seen()).get(coming)?.state === 'ready', {
        seconds: 180,
      })
      t.not((await room.seen()).get(coming)?.role, 'master')
      const again = await told({ operation, attempt: 2, step: secrets.join, node: coming })
      t.is(again.outcome, 'done', again.reason)
      t.log(`a master ${(await becomesMaster(crown, coming, stays)).toFixed(0)} s after its second join`)
      await secrets.remove()
    },
  )
}

const addressOf = (pc: string): string => crown.room.pcs.find(({ name }) => name === pc)?.address ?? ''
const others = (): string[] =>
  crown.room.pcs.filter(({ name, role }) => role === 'master' && name !== victim).map(({ name }) => name)
