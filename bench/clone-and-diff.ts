import express, { type Express } from 'express'
import { isRecord } from '../webhook/sameness.ts'

/** What a webhook does that mutates a copy and lets a general diff find the patch. */
export interface Operation {
  readonly op: 'add' | 'remove' | 'replace'
  readonly path: string
  readonly value?: unknown
}

/**
 * The control: as webhooks are commonly written with Express, for the same job: it judges by the same rules, logs and
 * counts like ours, and gives a pod the same; but by changing a copy and comparing.
 */
export function cloneAndDiffApp(
  path: string,
  judge: (call: unknown) => void,
  equip: (pod: Record<string, unknown>) => void,
): Express {
  const app = express()
  app.use(express.json({ limit: '7mb' }))
  app.post(path, (request, response) => {
    judge(request.body.request)
    const { uid, object } = request.body.request
    const before = structuredClone(object)
    const after = structuredClone(object)
    equip(after)
    const patch = Buffer.from(JSON.stringify(diff(before, after))).toString('base64')
    response.json({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid, allowed: true, patchType: 'JSONPatch', patch },
    })
  })
  return app
}

/** A general JSON diff (RFC 6902), by members and by index. */
export function diff(before: unknown, after: unknown, path = '', found: Operation[] = []): Operation[] {
  if (before === after) return found
  if (Array.isArray(before) && Array.isArray(after)) {
    const shared = Math.min(before.length, after.length)
    for (let i = 0; i < shared; i++) diff(before[i], after[i], `${path}/${i}`, found)
    for (let i = before.length - 1; i >= shared; i--) found.push({ op: 'remove', path: `${path}/${i}` })
    for (let i = shared; i < after.length; i++) found.push({ op: 'add', path: `${path}/-`, value: after[i] })
    return found
  }
  if (isRecord(before) && isRecord(after)) {
    for (const key of Object.keys(before)) {
      const at = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
      if (key in after) diff(before[key], after[key], at, found)
      else found.push({ op: 'remove', path: at })
    }
    for (const key of Object.keys(after)) {
      if (key in before) continue
      found.push({
        op: 'add',
        path: `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`,
        value: after[key],
      })
    }
    return found
  }
  found.push({ op: 'replace', path, value: after })
  return found
}
