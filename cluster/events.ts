import { createHash } from 'node:crypto'
import { CoreV1Api, type KubeConfig } from '@kubernetes/client-node'
import { cut } from '../config/cut.ts'
import type { Clock } from '../service/clock.ts'
import { unless } from './answer.ts'
import { keptClient } from './client.ts'

/** The object that an Event is about, where `kubectl describe` shows it. */
export interface Regarding {
  readonly apiVersion: string
  readonly kind: string
  /** Of what has none, Events lie in `default`. */
  readonly namespace: string
  readonly name: string
  readonly uid?: string
}

/** Something that people should know of an object. */
export interface EventNews {
  readonly regarding: Regarding
  /** PascalCase, for machines. */
  readonly reason: string
  readonly message: string
}

export interface Events {
  /** Writes warnings. Never throws: what cannot be written is told to `failed`. */
  warn(news: readonly EventNews[]): Promise<void>
  /** The same for what nobody need worry about. */
  tell(news: readonly EventNews[]): Promise<void>
}

/** So many at once, and a last one for the rest: a thousand faults of one cause must not flood the API server. */
const MOST = 20
/** The API server forgets Events after an hour, and so is told again after one. */
const REMEMBERED = 60 * 60_000
const LONGEST_MESSAGE = 1_000

/**
 * Writes Events named by what they say, so that two processes, or one that starts anew, do not write the same twice
 * while the API server remembers it. Needs `create` on `events` in the objects' namespaces.
 */
export function openEvents(
  config: KubeConfig,
  component: string,
  clock: Clock,
  failed: (error: unknown) => void,
): Events {
  const core = keptClient(config, CoreV1Api)
  const told = new Map<string, number>()
  const isNew = (name: string): boolean => {
    const now = clock.now()
    for (const [old, at] of told) if (now - at > REMEMBERED) told.delete(old)
    return !told.has(name)
  }
  const write =
    (type: 'Normal' | 'Warning') =>
    async (news: readonly EventNews[]): Promise<void> => {
      for (const one of bounded(news)) {
        const name = nameOf(one)
        if (!isNew(name)) continue
        const body = eventOf(name, one, { component, type, at: clock.wall() })
        try {
          await unless(409, () => core.createNamespacedEvent({ namespace: one.regarding.namespace, body }))
          told.set(name, clock.now())
        } catch (error) {
          failed(error)
        }
      }
    }
  return { warn: write('Warning'), tell: write('Normal') }
}

/** The first ones, and one that counts the rest. */
export function bounded(news: readonly EventNews[]): readonly EventNews[] {
  const rest = news.slice(MOST)
  const [first] = rest
  if (!first) return news
  const message = `${rest.length} more of this kind; the log names them`
  return [...news.slice(0, MOST), { ...first, message }]
}

function nameOf({ regarding, reason, message }: EventNews): string {
  const digest = createHash('sha256').update(`${reason} ${message}`).digest('hex').slice(0, 16)
  return `${regarding.name}.${digest}`
}

interface Written {
  readonly component: string
  readonly type: 'Normal' | 'Warning'
  readonly at: Date
}

const eventOf = (
  name: string,
  { regarding, reason, message }: EventNews,
  { component, type, at }: Written,
) => ({
  metadata: { name, namespace: regarding.namespace },
  involvedObject: { ...regarding },
  type,
  reason,
  message: cut(message, LONGEST_MESSAGE),
  source: { component },
  reportingComponent: component,
  firstTimestamp: at,
  lastTimestamp: at,
  count: 1,
})
