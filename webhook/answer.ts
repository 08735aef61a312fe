import type { Decision, Refused } from './decide.ts'
import type { Call } from './review.ts'

const REASONS: Record<Refused['code'], string> = {
  400: 'BadRequest',
  403: 'Forbidden',
  422: 'Invalid',
  503: 'ServiceUnavailable',
}

/** The AdmissionReview that goes back, as JSON text. It always echoes the uid of the call. */
export function answer({ uid }: Pick<Call, 'uid'>, decision: Decision): string {
  const response = { uid, ...verdict(decision), ...warnings(decision), auditAnnotations: audit(decision) }
  const members = patch(decision) + JSON.stringify(response).slice(1)
  return `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{${members}}`
}

/** Two members, as text: base64 needs no escapes, so the longest part of an answer is not searched for any. */
function patch(decision: Decision): string {
  if (decision.result !== 'patched') return ''
  const base64 = Buffer.from(JSON.stringify(decision.additions)).toString('base64')
  return `"patchType":"JSONPatch","patch":"${base64}",`
}

function verdict(decision: Decision): object {
  if (decision.result !== 'refused') return { allowed: true }
  const { code, message } = decision
  return { allowed: false, status: { status: 'Failure', code, reason: REASONS[code], message } }
}

const warnings = (decision: Decision): object =>
  'warning' in decision && decision.warning !== undefined ? { warnings: [decision.warning] } : {}

/** Whom the API server's audit log names beside the requester; Kubernetes puts our webhook's name before the keys. */
function audit(decision: Decision): Record<string, string> {
  const result = decision.result === 'refused' ? `refused: ${decision.why}` : decision.result
  return {
    decision: result,
    ...(decision.slug === undefined ? {} : { slug: decision.slug }),
    ...(decision.uid === undefined ? {} : { uid: String(decision.uid) }),
  }
}
