import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import { holdsMore } from './values.ts'

/** What the webhook reads of an AdmissionReview. `object` is the raw JSON, exactly as it came. */
export type Call = z.infer<typeof callSchema>

/** A body that is no AdmissionReview: answered by an HTTP status, since there is no uid to answer to. */
export interface BadReview {
  readonly status: 400 | 413
  readonly message: string
}

const called = { group: z.string(), version: z.string() }

/** The request inside a review. */
export const callSchema = z.object({
  uid: z.string().min(1).max(128),
  kind: z.object({ ...called, kind: z.string() }),
  resource: z.object({ ...called, resource: z.string() }),
  subResource: z.string().optional(),
  operation: z.string(),
  namespace: z.string().optional(),
  object: z.unknown(),
})

const reviewSchema = z.object({
  apiVersion: z.literal('admission.k8s.io/v1'),
  kind: z.literal('AdmissionReview'),
  request: callSchema,
})

/** Bytes of a body that are read as values whatever they hold. */
const COUNTED_FROM = 256 * 1024
/** A pod that etcd takes (1.5 MiB) and that is written as pods are holds a fifth of it. */
const MOST_VALUES = 250_000

/** Reads a body. Bytes that are not UTF-8 are refused, not repaired: a repaired name is another name. */
export function readReview(body: Buffer): { call: Call } | { bad: BadReview } {
  if (body.length === 0) return bad('the body is empty: send an AdmissionReview as JSON')
  if (!isUtf8(body)) return bad('the body is not UTF-8')
  if (body.length > COUNTED_FROM && holdsMore(body, MOST_VALUES))
    return bad(`the body holds more than ${MOST_VALUES} values, more than any pod`, 413)
  let json: unknown
  try {
    json = JSON.parse(body.toString('utf8'))
  } catch {
    return bad('the body is not JSON')
  }
  const review = reviewSchema.safeParse(json)
  if (review.success) return { call: review.data.request }
  const issue = review.error.issues[0]
  return bad(
    `the body is no AdmissionReview of admission.k8s.io/v1: ${issue?.path.join('.')}: ${issue?.message}`,
  )
}

const bad = (message: string, status: BadReview['status'] = 400): { bad: BadReview } => ({
  bad: { status, message },
})
