import type { V1Node } from '@kubernetes/client-node'
import type { Desktop } from '../desktops/desktop.ts'
import { queueOf, type View, viewOf } from '../desktops/view.ts'
import { idleLimit, type Offer, titleOf } from '../offer.ts'

/** What an administrator sees of the room. Times in ms since the epoch. */
export interface Overview {
  readonly on: number
  readonly waiting: number
  readonly atMost: number
  readonly desktops: readonly DesktopRow[]
  readonly pcs: readonly PcRow[]
}

export interface DesktopRow {
  readonly slug: string
  readonly state: View['state'] | 'fault'
  readonly template: string
  readonly pc?: string
  readonly since?: number
  readonly lastInput?: number
  readonly nextStop?: number
  readonly why?: string
  readonly stoppedAt?: number
  /** What the cluster itself says is wrong. */
  readonly trouble?: string
}

export interface PcRow {
  readonly name: string
  readonly state: 'ready' | 'away' | 'closed'
  readonly desktops: number
  /** Bytes and cores that its desktops have reserved, of what it can give. */
  readonly memory: { readonly kept: number; readonly whole: number }
  readonly cpu: { readonly kept: number; readonly whole: number }
}

/** The room as it stands: pure, out of what the watches hold. Desktops that are off and wait for nothing are left out. */
export function overview(all: readonly Desktop[], nodes: readonly V1Node[], offer: Offer): Overview {
  const shown = all.filter(({ on, waitingSince }) => on || waitingSince !== undefined)
  return {
    on: all.filter(({ on }) => on).length,
    waiting: queueOf(all).length,
    atMost: offer.desktops.atMost,
    desktops: shown.map((desktop) => rowOf(desktop, all, offer)).sort((a, b) => (a.slug < b.slug ? -1 : 1)),
    pcs: nodes.map((node) => pcOf(node, all, offer)).sort((a, b) => (a.name < b.name ? -1 : 1)),
  }
}

export function rowOf(desktop: Desktop, all: readonly Desktop[], offer: Offer): DesktopRow {
  const { slug, pod, on, refused, startedAt, waitingSince, lastInput, stopsAt, stoppedAt, stoppedWhy } =
    desktop
  const view = viewOf(desktop, all, offer.desktops.atMost)
  const template = offer.templates.find(({ name }) => name === desktop.template)
  const used = Math.max(lastInput ?? 0, pod?.readySince ?? 0)
  const next = stopsAt ?? (view.state === 'ready' ? used + idleLimit(offer, desktop.template) : undefined)
  const trouble = refused ?? pod?.fault?.detail
  const fields = {
    slug,
    state: trouble !== undefined ? ('fault' as const) : view.state,
    template: template ? titleOf(template) : desktop.template,
    pc: pod?.pc,
    since: on ? startedAt : waitingSince,
    lastInput: on ? lastInput : undefined,
    nextStop: next,
    why: on ? undefined : stoppedWhy,
    stoppedAt: on ? undefined : stoppedAt,
    trouble,
  }
  return withoutUndefined(fields)
}

function pcOf(node: V1Node, all: readonly Desktop[], offer: Offer): PcRow {
  const name = node.metadata?.name ?? ''
  const here = all.filter(({ pod }) => pod?.pc === name)
  const kept = (what: 'cpu' | 'memory') =>
    here
      .map(({ template }) => offer.templates.find((one) => one.name === template)?.resources[what] ?? '0')
      .reduce((sum, amount) => sum + amountOf(amount), 0)
  const whole = (what: 'cpu' | 'memory') => amountOf(node.status?.allocatable?.[what] ?? '0')
  const ready = node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
  return {
    name,
    state: !ready ? 'away' : node.spec?.unschedulable ? 'closed' : 'ready',
    desktops: here.length,
    memory: { kept: kept('memory'), whole: whole('memory') },
    cpu: { kept: kept('cpu'), whole: whole('cpu') },
  }
}

const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
}

/** An amount as Kubernetes writes it, such as `250m` or `2Gi`, as a number. */
export function amountOf(text: string): number {
  const [, digits = '0', unit = ''] = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(text) ?? []
  return Number(digits) * (FACTORS[unit] ?? 0)
}

type Optional<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}
function withoutUndefined<T extends object>(fields: T): Optional<T>
function withoutUndefined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
