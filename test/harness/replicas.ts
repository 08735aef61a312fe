import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { NODE_FLAGS } from '../../charts/kit/pods.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { freePorts } from '../../lab/network/ports.ts'
import { logTail } from '../../lab/run/run.ts'
import { eventually } from './wait.ts'

/** A program of ours whose replicas run as processes of a lab, behind one port of 127.0.0.1. */
export interface Replicas {
  readonly port: number
  /** One after the other as a Deployment rolls: another one is ready before one is told to end. */
  restart(): Promise<void>
  end(): Promise<void>
}

export interface ReplicaOptions {
  readonly name: string
  /** Its `main.ts`, from the project's root. */
  readonly script: string
  readonly kubeconfig: string
  readonly count: number
  /** What a replica is told, by the ports that it serves and shows its health at. */
  env(port: number, healthPort: number): Readonly<Record<string, string>>
}

/** Ms for which a replica that was told to end is still sent callers: kube-proxies hear of it later than it does. */
const LATE = 300

const root = join(import.meta.dirname, '..', '..')

/** Starts them, and a relay of bytes in front, in the place of a Service. Each must drain for longer than {@link LATE}. */
export async function startReplicas(lab: BareLab, options: ReplicaOptions): Promise<Replicas> {
  const running: Replica[] = []
  let made = 0
  const add = async (): Promise<void> =>
    void running.push(await startReplica(lab, options, `${options.name}-${++made}`))
  const remove = async (replica: Replica): Promise<void> => {
    const ended = lab.stop(replica.id)
    await sleep(LATE)
    running.splice(running.indexOf(replica), 1)
    await ended
  }
  for (let n = 0; n < options.count; n++) await add()
  let turn = 0
  const relay = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const chosen = running[turn++ % running.length]
    const far = connect({ host: '127.0.0.1', port: chosen?.port ?? 0, allowHalfOpen: true, noDelay: true })
    near.pipe(far).pipe(near)
    near.once('error', () => far.destroy())
    far.once('error', () => near.destroy())
  })
  const [port = 0] = await freePorts(1)
  await new Promise<void>((done) => relay.listen(port, '127.0.0.1', done))
  return {
    port,
    async restart() {
      for (const former of [...running]) {
        await add()
        await remove(former)
      }
    },
    async end() {
      relay.close()
      await Promise.all([...running].map(remove))
    },
  }
}

interface Replica {
  readonly id: string
  readonly port: number
}

async function startReplica(
  lab: BareLab,
  { script, kubeconfig, env }: ReplicaOptions,
  id: string,
): Promise<Replica> {
  const [port = 0, healthPort = 0] = await freePorts(2)
  await lab.start(id, process.execPath, [...NODE_FLAGS, join(root, script)], {
    cwd: root,
    env: { ...env(port, healthPort), KUBECONFIG: kubeconfig },
  })
  const isReady = async (): Promise<boolean> => (await fetch(`http://127.0.0.1:${healthPort}/readyz`)).ok
  await eventually(`${id} is ready`, isReady).catch((cause) => {
    throw new Error(`${id} does not become ready; the end of its log:\n${logTail(lab.dir, id, 12)}`, {
      cause,
    })
  })
  return { id, port }
}
