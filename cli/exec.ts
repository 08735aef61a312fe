import { PassThrough, type Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { CoreV1Api, Exec, type KubeConfig, type V1Status } from '@kubernetes/client-node'
import { NAME } from '../config/labels.ts'
import { isReady } from './cluster.ts'

/** Bytes. */
const PIECE = 32_768

/** Which pod it is, where not any ready one will do, and what the command reads; it must know itself where that ends. */
export interface InPod {
  readonly pod?: string | undefined
  readonly stdin?: Buffer
  /** Where what it writes goes as it comes, instead of into memory. */
  readonly stdout?: Writable
}

/**
 * Runs a command in a ready pod of a program, by its name.
 *
 * @returns what it wrote to stdout, unless that goes elsewhere
 * @throws with what it wrote to stderr when it failed, or when no pod is ready.
 */
export async function runInPod(
  cluster: KubeConfig,
  namespace: string,
  program: string,
  command: readonly string[],
  { pod: wanted, stdin, stdout: onto }: InPod = {},
): Promise<string> {
  const core = cluster.makeApiClient(CoreV1Api)
  const { items } = await core.listNamespacedPod({ namespace, labelSelector: `${NAME}=${program}` })
  const ready = items.filter(isReady).flatMap((one) => one.metadata?.name ?? [])
  const pod = ready.find((name) => wanted === undefined || name === wanted)
  if (!pod)
    throw new Error(`no pod of ${namespace}/${program} is ready: see "kubectl get pods -n ${namespace}"`)
  const [out, err] = [new PassThrough(), new PassThrough()]
  const input = stdin && new PassThrough()
  // Never ended, which some API servers take for the end of all. In pieces, as messages have a longest size.
  for (let at = 0; stdin && at < stdin.length; at += PIECE) input?.write(stdin.subarray(at, at + PIECE))
  const over = Promise.withResolvers<V1Status>()
  const socket = await new Exec(cluster).exec(
    namespace,
    pod,
    program,
    [...command],
    onto ?? out,
    err,
    input ?? null,
    false,
    over.resolve,
  )
  socket.onclose = () => over.resolve({ status: 'Failure', message: 'the connection to the pod broke' })
  const status = await over.promise
  for (const stream of [out, err]) stream.end()
  const [stdout, stderr] = await Promise.all([text(out), text(err)])
  if (status.status === 'Success') return stdout
  throw new Error(stderr.trim() || status.message || `the command failed in pod ${namespace}/${pod}`)
}
