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
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid, ...verdict(decision), ...warnings(decision), auditAnnotations: audit(decision) },
  })
}

function verdict(decision: Decision): object {
  if (decision.result === 'untouched') return { allowed: true }
  if (decision.result === 'patched') {
    const patch = Buffer.from(JSON.stringify(decision.additions)).toString('base64')
    return { allowed: true, patchType: 'JSONPatch', patch }
  }
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
