import {
  CertificatesV1Api,
  CoreV1Api,
  type KubeConfig,
  type V1CertificateSigningRequest,
} from '@kubernetes/client-node'
import { unless } from '../../cluster/answer.ts'
import { keptClient } from '../../cluster/client.ts'
import { POOL_USAGES } from '../../config/certificate-names.ts'
import { GLUSTER, NAMESPACES } from '../../config/names.ts'

/** What of the cluster this PC's certificate rests on. */
export interface PoolCluster {
  /** The certificates of the pool's authorities and the lists of what counts no more, one after the other; undefined where there are none yet. */
  authorities(): Promise<string | undefined>
  request(name: string): Promise<V1CertificateSigningRequest | undefined>
  /** Asks for the certificate of a PKCS#10 request, PEM. One of that name stays as it is. */
  ask(name: string, request: string): Promise<void>
}

export function poolCluster(cluster: KubeConfig): PoolCluster {
  const core = keptClient(cluster, CoreV1Api)
  const certificates = keptClient(cluster, CertificatesV1Api)
  const place = { namespace: NAMESPACES.storage, name: GLUSTER.authority }
  return {
    async authorities() {
      const told = await unless(404, () => core.readNamespacedConfigMap(place))
      const [certificates, revoked] = [told?.data?.['ca.crt'], told?.data?.['ca.crl']]
      // One without the other says half of whom to trust.
      return certificates && revoked ? `${certificates}${revoked}` : undefined
    },
    request: (name) => unless(404, () => certificates.readCertificateSigningRequest({ name })),
    async ask(name, request) {
      const spec = {
        signerName: GLUSTER.signer,
        usages: [...POOL_USAGES],
        request: Buffer.from(request).toString('base64'),
      }
      const body = { metadata: { name }, spec }
      await unless(409, () => certificates.createCertificateSigningRequest({ body }))
    },
  }
}
