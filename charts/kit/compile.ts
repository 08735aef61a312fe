/**
 * `charts/kit/`: What all charts are made with: typed objects, programs, policies, and the compiler that
 * collects, checks, plans and writes.
 */

import type { Outcome } from '../../config/findings.ts'
import { type AppSource, collect } from './collect.ts'
import { filesOf } from './files.ts'
import { POLICIES } from './policies/all.ts'
import type { PolicyContext } from './policies/policy.ts'
import type { Rendered } from './rendered.ts'

/** Everything that a synth makes, checked. */
export interface Compiled {
  readonly rendered: readonly Rendered[]
  /** Path in `dist/` to text. */
  readonly files: ReadonlyMap<string, string>
}

/**
 * Collects what the apps render and asks every policy. `samples` are what programs will make in the cluster: they are
 * judged together with the rest, and not written. Pure: same apps, same bytes.
 */
export function compile(
  apps: readonly AppSource[],
  context: PolicyContext,
  samples: readonly Rendered[] = [],
): Outcome<Compiled> {
  const rendered = collect(apps)
  const findings = Object.values(POLICIES).flatMap((policy) => policy([...rendered, ...samples], context))
  if (findings.some(({ severity }) => severity === 'error')) return { ok: false, findings }
  return { ok: true, value: { rendered, files: filesOf(rendered) }, warnings: findings }
}
