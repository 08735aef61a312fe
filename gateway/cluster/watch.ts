import {
  type KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
  ListWatch,
  Watch,
} from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { keepSteady } from '../../certificates/steady.ts'

/** One kind of objects of the cluster, kept current. An error never forgets anything. */
export interface Watched<T> {
  get(name: string): T | undefined
  all(): readonly T[]
  /** Whether a full list has come. */
  ready(): boolean
  /** Calls back after every change, with the name of what changed. */
  onChange(changed: (name: string) => void): void
  stop(): Promise<void>
}

export interface WatchOf<T extends KubernetesObject> {
  /** The path of the list, as `/api/v1/namespaces/desktops/pods`. */
  readonly path: string
  readonly list: () => Promise<KubernetesListObject<T>>
  readonly fieldSelector?: string
}

/** Starts to watch; goes on through errors until it is stopped. */
export function watch<T extends KubernetesObject>(
  kubeConfig: KubeConfig,
  { path, list, fieldSelector }: WatchOf<T>,
  log: Logger,
): Watched<T> {
  const objects = new Map<string, T>()
  const listeners: ((name: string) => void)[] = []
  let ready = false
  let alive = true
  const listed = async () => {
    const all = await list()
    alive = true
    // The informer takes the list in before the event loop turns.
    setImmediate(() => {
      ready = true
      tell('')
    })
    return all
  }
  const informer = new ListWatch<T>(path, new Watch(kubeConfig), listed, false, undefined, fieldSelector)
  const tell = (name: string) => {
    for (const listener of listeners) listener(name)
  }
  informer.on('change', (object) => {
    const name = object.metadata?.name ?? ''
    objects.set(name, object)
    tell(name)
  })
  informer.on('delete', (object) => {
    const name = object.metadata?.name ?? ''
    objects.delete(name)
    tell(name)
  })
  const steady = keepSteady(
    informer,
    () => alive,
    (error) => {
      alive = false
      log.warn({ path, reason: reasonOf(error) }, 'a watch broke; what is known stays known')
    },
  )
  return {
    get: (name) => objects.get(name),
    all: () => [...objects.values()],
    ready: () => ready,
    onChange: (changed) => void listeners.push(changed),
    stop: () => steady.stop(),
  }
}

/** client-node's errors carry whole answers: one line of it is for people. `fetch failed` alone would tell nobody anything. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : ''
  return `${text.split('\n')[0] ?? ''}${cause}`.slice(0, 200)
}
