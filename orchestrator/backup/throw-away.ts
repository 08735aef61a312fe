import { spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../service/clock.ts'
import { type Gateway, openGateway } from '../etcd/gateway.ts'
import { statusOf } from '../etcd/status.ts'
import { type Failed, lastWords, runToEnd } from './run-program.ts'

/** etcd's own programs, by path. */
export interface Programs {
  readonly etcd: string
  readonly etcdutl: string
}

/** An etcd of one member that was made from a snapshot, and that nobody but us can reach. */
export interface ThrowAway {
  readonly gateway: Gateway
  readonly endpoint: string
  end(): Promise<void>
}

const NAME = 'proof'
/** etcd takes them relative to where it runs, as a name and a port. */
const [CLIENT, PEER] = ['client:1', 'peer:1']

/** Where the data of a restored snapshot lies in its folder. */
const dataIn = (folder: string): string => join(folder, 'data')

/** Restores a snapshot into an empty folder by etcd's own program, which refuses one whose sum is wrong. */
export async function restore(
  { etcdutl }: Programs,
  snapshot: string,
  folder: string,
): Promise<Failed | undefined> {
  const restored = await runToEnd(etcdutl, [
    'snapshot',
    'restore',
    snapshot,
    `--data-dir=${dataIn(folder)}`,
    `--name=${NAME}`,
    `--initial-cluster=${NAME}=unix://${PEER}`,
    `--initial-advertise-peer-urls=unix://${PEER}`,
  ])
  return 'failed' in restored ? restored : undefined
}

/**
 * Starts etcd on what was restored, on unix sockets in a folder of ours: it has no network at all, and all Secrets of
 * the cluster are in it.
 */
export async function startThrowAway(
  { etcd }: Programs,
  folder: string,
  clock: Clock = systemClock,
  patience = 60_000,
): Promise<ThrowAway | Failed> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const child = spawn(
    etcd,
    [
      `--name=${NAME}`,
      `--data-dir=${dataIn(folder)}`,
      `--listen-client-urls=unix://${CLIENT}`,
      `--advertise-client-urls=unix://${CLIENT}`,
      `--listen-peer-urls=unix://${PEER}`,
      `--initial-advertise-peer-urls=unix://${PEER}`,
      `--initial-cluster=${NAME}=unix://${PEER}`,
      // It is thrown away in a moment: nothing of it need outlive a power cut.
      '--unsafe-no-fsync',
      '--log-level=error',
    ],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const said = lastWords(child.stdout, child.stderr)
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`${etcd} cannot be run: ${error.message}`))
    child.once('close', (code) => resolve(said() || `etcd ended with ${code}`))
  })
  let over: string | undefined
  void ended.then((why) => {
    over = why
  })
  const end = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  const gateway = openGateway()
  const endpoint = `unix:${join(folder, CLIENT)}`
  for (const began = clock.now(); clock.now() - began < patience; await clock.sleep(50)) {
    if (over !== undefined) return { failed: over }
    const status = await statusOf(gateway, endpoint, 1_000)
    if (status.is === 'done' && status.value.leader !== undefined) return { gateway, endpoint, end }
  }
  await end()
  return { failed: `the restored etcd was not ready after ${patience / 1_000} s: ${said()}` }
}
