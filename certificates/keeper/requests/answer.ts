import {
  CertificatesV1Api,
  type KubeConfig,
  type V1CertificateSigningRequest,
  type V1CertificateSigningRequestCondition,
} from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { hasCode, reasonOf } from '../../../cluster/answer.ts'
import { keptClient } from '../../../cluster/client.ts'
import { watch } from '../../../cluster/watch.ts'
import { GLUSTER } from '../../../config/names.ts'
import type { Clock } from '../../../service/clock.ts'
import { newBell, turns } from '../../../service/turns.ts'
import type { Pair } from '../../issue.ts'
import { newMember } from '../../member.ts'
import { endOf } from '../../pair.ts'
import { serialOf } from '../../revocation.ts'
import type { Given } from '../departed.ts'
import { decide } from './decide.ts'
import { readAsked } from './read.ts'

const PATH = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
/** Ms to the next try after a failure, and to the next look when nothing comes. */
const RETRY = 3_000
const LOOK = 60_000

/** Who answers, for what it needs from outside. */
export interface Answering {
  readonly cluster: KubeConfig
  /** The authority of the pool; rejects while there is none. */
  readonly authority: () => Promise<Pair>
  /** Writes down to which PC a certificate is about to be given; it is not given where this rejects. */
  readonly writeDown: (given: Given) => Promise<void>
  readonly clock: Clock
  readonly log: Logger
}

/**
 * Answers the requests of the pool's PCs, each as soon as it comes, until it is stopped. One that cannot be answered is
 * tried again, and keeps no other waiting.
 */
export function answerRequests({ cluster, authority, writeDown, clock, log }: Answering): {
  stop(): Promise<void>
} {
  const api = keptClient(cluster, CertificatesV1Api)
  const fieldSelector = `spec.signerName=${GLUSTER.signer}`
  const list = (page: object) => api.listCertificateSigningRequest({ fieldSelector, ...page })
  // A copy: a watch that keeps something else empties the object that it was shown.
  const open = (request: V1CertificateSigningRequest) => (isOpen(request) ? { ...request } : undefined)
  const watched = watch(cluster, { path: PATH, list, fieldSelector, keep: open }, log)
  const bell = newBell()
  watched.onChange(bell.ring)
  let said = ''
  /** Resolves with whether all that was there is answered. */
  const pass = async (): Promise<boolean> => {
    const failures: string[] = []
    for (const request of watched.all()) {
      try {
        await answer(api, request, { authority, writeDown }, clock.wall, log)
      } catch (error) {
        failures.push(`${request.metadata?.name}: ${reasonOf(error)}`)
      }
    }
    // Said once, and again when it changes.
    if (failures.join() !== said)
      for (const failure of failures) log.error(`a certificate of the pool could not be given: ${failure}`)
    said = failures.join()
    return failures.length === 0
  }
  const ending = new AbortController()
  const rhythm = {
    bell,
    rest: (settled?: boolean) => (settled ? LOOK : RETRY),
    failed: (error: unknown) => log.error({ reason: reasonOf(error) }, 'requests could not be answered'),
  }
  const answers = turns(clock, rhythm, ending.signal, pass)
  return {
    async stop() {
      ending.abort()
      await Promise.all([answers, watched.stop()])
    },
  }
}

/** Whether nobody has answered yet. One that was only approved is open: whoever approved it may have ended there. */
function isOpen({ spec, status }: V1CertificateSigningRequest): boolean {
  if (spec.signerName !== GLUSTER.signer || status?.certificate) return false
  return !(status?.conditions ?? []).some(({ type }) => type === 'Denied' || type === 'Failed')
}

async function answer(
  api: CertificatesV1Api,
  request: V1CertificateSigningRequest,
  { authority, writeDown }: Pick<Answering, 'authority' | 'writeDown'>,
  now: () => Date,
  log: Logger,
): Promise<void> {
  const asked = await readAsked(request)
  const verdict = decide(asked)
  const name = request.metadata?.name ?? ''
  try {
    if (verdict.answer === 'sign') {
      const { node, publicKey } = verdict
      const certificate = await newMember(await authority(), node, publicKey, now())
      const { uid } = asked
      await writeDown({ serial: serialOf(certificate), node, uid, until: endOf({ certificate }) })
      const approved = await approve(api, request)
      const body = { ...approved, status: { ...approved.status, certificate: encoded(certificate) } }
      await api.replaceCertificateSigningRequestStatus({ name, body })
      log.info({ request: name, node }, 'gave a PC its certificate in the Gluster pool')
    } else {
      const { reason, message } = verdict
      await refuse(api, request, { reason, message })
      log.warn({ request: name, reason }, `denied a certificate in the Gluster pool: ${message}`)
    }
  } catch (error) {
    // Another keeper was faster, or it is gone: the watch tells which.
    if (!hasCode(error, 409) && !hasCode(error, 404)) throw error
  }
}

const encoded = (pem: string): string => Buffer.from(pem).toString('base64')

async function approve(
  api: CertificatesV1Api,
  request: V1CertificateSigningRequest,
): Promise<V1CertificateSigningRequest> {
  if (conditionsOf(request).some(({ type }) => type === 'Approved')) return request
  const said = { reason: 'OwnPC', message: 'its mounter asks for the PC on which it runs' }
  const body = withCondition(request, { type: 'Approved', ...said })
  return await api.replaceCertificateSigningRequestApproval({ name: request.metadata?.name ?? '', body })
}

/** Denies it; where somebody else has approved it, Kubernetes takes no denial any more, and it has failed. */
async function refuse(
  api: CertificatesV1Api,
  request: V1CertificateSigningRequest,
  said: { readonly reason: string; readonly message: string },
): Promise<void> {
  const name = request.metadata?.name ?? ''
  if (conditionsOf(request).some(({ type }) => type === 'Approved')) {
    const body = withCondition(request, { type: 'Failed', ...said })
    await api.replaceCertificateSigningRequestStatus({ name, body })
    return
  }
  const body = withCondition(request, { type: 'Denied', ...said })
  await api.replaceCertificateSigningRequestApproval({ name, body })
}

const conditionsOf = ({ status }: V1CertificateSigningRequest) => status?.conditions ?? []

const withCondition = (
  request: V1CertificateSigningRequest,
  condition: Omit<V1CertificateSigningRequestCondition, 'status'>,
): V1CertificateSigningRequest => ({
  ...request,
  status: {
    ...request.status,
    conditions: [...conditionsOf(request), { ...condition, status: 'True' }],
  },
})
