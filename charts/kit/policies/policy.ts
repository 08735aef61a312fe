import type { Finding } from '../../../config/findings.ts'
import { displayName, type Rendered } from '../rendered.ts'

/** What policies may know besides the objects. */
export interface PolicyContext {
  /** The registry that our own images come from. */
  readonly registry: string
  /** What is not in `dist/` because something makes it in the cluster: `Secret deskfleet-system/webhook-tls`. */
  readonly madeInCluster: ReadonlySet<string>
  /** Apps that are an administrator's own services, with the namespace of each. */
  readonly services: ReadonlyMap<string, string>
  /** Where routes lead that those apps want. */
  readonly routes: readonly WantedRoute[]
}

export interface WantedRoute {
  readonly app: string
  readonly namespace: string
  readonly service: string
  readonly port: number
  /** What people type. */
  readonly host: string
}

/** A rule over everything that will stand in `dist/`: pure, all findings at once. */
export type Policy = (rendered: readonly Rendered[], context: PolicyContext) => Finding[]

/** A finding about one object; `field` is the path in it. */
export function about(
  { app, origin, object }: Rendered,
  field: string,
  { what, rule, mend }: Pick<Finding, 'what' | 'rule' | 'mend'>,
): Finding {
  const where = `${app}: ${displayName(object)}${field === '' ? '' : ` ${field}`} (${origin})`
  return { severity: 'error', where, what, rule, mend }
}
