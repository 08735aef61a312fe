import jsonpatch from 'jsonpatch'
import { type Decision, decide } from '../../webhook/decide.ts'
import type { Call } from '../../webhook/review.ts'
import { known } from './people.ts'

/** The call that an API server makes when this pod is created in `desktops`. */
export function callOf(object: unknown, change: Partial<Call> = {}): Call {
  return {
    uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    resource: { group: '', version: 'v1', resource: 'pods' },
    operation: 'CREATE',
    namespace: 'desktops',
    object,
    ...change,
  }
}

/** The same as a whole review, as JSON text. */
export function reviewOf(object: unknown, change: Partial<Call> = {}): string {
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: callOf(object, change),
  })
}

export const decideOn = (object: unknown): Decision => decide(callOf(object), known)

/** The pod as an API server would make it of a decision; an independent library applies the patch. */
export function applied<T>(object: T, decision: Decision): T {
  if (decision.result !== 'patched') return object
  return jsonpatch.apply_patch(structuredClone(object), JSON.parse(JSON.stringify(decision.additions)))
}

/** What a JSON pointer points at; pointing at nothing is a slip in the test. */
export function valueAt(document: unknown, pointer: string): unknown {
  let at = document
  for (const segment of pointer.split('/').slice(1)) {
    const key = segment.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key))
      throw new Error(`nothing at ${pointer}`)
    at = Reflect.get(at, key)
  }
  return at
}
