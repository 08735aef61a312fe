import {
  type KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
  ListWatch,
  Watch,
} from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { type Clock, systemClock } from '../service/clock.ts'
import { pauses } from '../service/steps.ts'
import { reasonOf } from './answer.ts'
import { listPages, type Page } from './pages.ts'

/** One kind of objects of the cluster, kept current. An error never forgets anything. */
export interface Watched<T> {
  get(name: string): T | undefined
  all(): readonly T[]
  size(): number
  /** Whether a full list has come. */
  ready(): boolean
  /** When the API server last showed how things stand, in ms since the epoch. */
  seen(): number | undefined
  /** Calls back after every change with the name of what changed, and with '' after a full list. */
  onChange(changed: (name: string) => void): void
  stop(): Promise<void>
}

export interface WatchOptions<O extends KubernetesObject, T> {
  /** The path of the list, as `/api/v1/namespaces/desktops/pods`. */
  readonly path: string
  readonly list: (page: Page) => Promise<KubernetesListObject<O>>
  readonly fieldSelector?: string
  /**
   * What is kept of an object, made once per change; undefined keeps nothing.
   * @default the object
   */
  readonly keep?: (object: O) => T | undefined
  /** Objects read at a time. */
  readonly page?: number
  readonly clock?: Clock
}

/** Ms until a broken watch is tried again: doubled up to the longest while the API server does not answer. */
const FIRST_PAUSE = 500
const LONGEST_PAUSE = 15_000

/**
 * Starts to watch, and goes on through errors until it is stopped. What is known changes only by a complete list, read
 * page by page, or by an event about one object. Needs `list` and `watch`. Names must be unique in what is watched: one
 * namespace, or a cluster-scoped kind.
 */
export function watch<O extends KubernetesObject>(
  config: KubeConfig,
  options: WatchOptions<O, O> & { readonly keep?: undefined },
  log: Logger,
): Watched<O>
export function watch<O extends KubernetesObject, T>(
  config: KubeConfig,
  options: WatchOptions<O, T> & { readonly keep: (object: O) => T | undefined },
  log: Logger,
): Watched<T>
export function watch(
  config: KubeConfig,
  { path, list, fieldSelector, keep, page, clock = systemClock }: WatchOptions<KubernetesObject, unknown>,
  log: Logger,
): Watched<unknown> {
  const known = new Map<string, unknown>()
  const listeners: ((name: string) => void)[] = []
  let seen: number | undefined
  let broken = false
  const show = (name: string): void => {
    if (seen !== undefined || name === '') seen = clock.wall().getTime()
    for (const listener of listeners) listener(name)
  }
  const listed = async () => {
    const all = await listPages(keep ? (part) => readAhead(part, keep) : list, page)
    // The informer takes the list in before the event loop turns; then everything is there.
    setImmediate(() => {
      broken = false
      show('')
    })
    return all
  }
  // The informer goes through a whole list at one go. What is dear about thousands of objects is done before, page by page
  // and giving way, and no more than a page of them is ever there whole.
  const ahead = new WeakMap<KubernetesObject, { readonly kept: unknown }>()
  const readAhead = async (part: Page, keep: (object: KubernetesObject) => unknown) => {
    const all = await list(part)
    const items: KubernetesObject[] = []
    const pause = pauses()
    for (const object of all.items) {
      const version = { metadata: versionOf(object) }
      if (!isKnown(object)) ahead.set(version, { kept: keep(object) })
      items.push(version)
      await pause()
    }
    return { ...all, items }
  }
  const isKnown = ({ metadata }: KubernetesObject): boolean => {
    const version = informer.get(metadata?.name ?? '', metadata?.namespace)?.metadata?.resourceVersion
    return version !== undefined && version === metadata?.resourceVersion
  }
  const informer = new ListWatch(path, new Watch(config), listed, false, undefined, fieldSelector)
  informer.on('change', (object) => {
    const name = object.metadata?.name ?? ''
    const read = ahead.get(object)
    const kept = read ? read.kept : keep ? keep(object) : object
    if (kept === undefined) known.delete(name)
    else known.set(name, kept)
    if (keep && !read) forget(object)
    broken = false
    show(name)
  })
  informer.on('delete', (object) => {
    const name = object.metadata?.name ?? ''
    known.delete(name)
    show(name)
  })
  // It connects anew each half minute when all is quiet; without an error between, the last connection held.
  informer.on('connect', () => {
    if (seen !== undefined && !broken) seen = clock.wall().getTime()
  })
  const stop = persist(
    informer,
    () => !broken,
    (error) => {
      broken = true
      log.warn(
        { path, reason: reasonOf(error), known: known.size },
        'a watch broke; what is known stays known',
      )
    },
  )
  return {
    get: (name) => known.get(name),
    all: () => [...known.values()],
    size: () => known.size,
    ready: () => seen !== undefined,
    seen: () => seen,
    onChange: (changed) => void listeners.push(changed),
    stop,
  }
}

/** The informer keeps what it is given; where something else is kept, it needs no more than to tell versions apart. */
function forget(object: KubernetesObject): void {
  const version = versionOf(object)
  for (const key of Object.keys(object)) Reflect.deleteProperty(object, key)
  object.metadata = version
}

function versionOf({ metadata }: KubernetesObject): NonNullable<KubernetesObject['metadata']> {
  const { name, namespace, resourceVersion } = metadata ?? {}
  return {
    ...(name ? { name } : {}),
    ...(namespace ? { namespace } : {}),
    ...(resourceVersion ? { resourceVersion } : {}),
  }
}

/** Starts an informer, and starts it again whenever it gives up; returns what stops it. */
function persist(
  informer: ListWatch<KubernetesObject>,
  answered: () => boolean,
  onError: (error: unknown) => void,
): () => Promise<void> {
  let stopped = false
  let pause = FIRST_PAUSE
  let timer: NodeJS.Timeout | undefined
  const again = (error: unknown): void => {
    if (stopped || timer) return
    pause = answered() ? FIRST_PAUSE : Math.min(pause * 2, LONGEST_PAUSE)
    onError(error)
    timer = setTimeout(() => {
      timer = undefined
      void start()
    }, pause)
  }
  const start = async (): Promise<void> => {
    if (stopped) return
    await informer.start().catch(again)
    // A list that was under way when it was stopped would be followed by a watch that nobody ends.
    if (stopped) await informer.stop()
  }
  informer.on('error', again)
  void start()
  return async () => {
    stopped = true
    clearTimeout(timer)
    await informer.stop()
  }
}
