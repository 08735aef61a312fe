import { X509Certificate as NodeCertificate } from 'node:crypto'
import { connect } from 'node:tls'
import {
  AdmissionregistrationV1Api,
  type CoreV1Api,
  DiscoveryV1Api,
  type KubeConfig,
  type V1EndpointSlice,
  type V1MutatingWebhookConfiguration,
} from '@kubernetes/client-node'
import { keptClient } from '../../cluster/client.ts'
import { LDAP, NAMESPACES, WEBHOOK } from '../../config/names.ts'
import { find, type Place } from '../hold.ts'
import { certificatesIn, idOf, type Standing } from '../standing.ts'
import type { Authority, Facts, Leaf, Trusting } from './facts.ts'
import { KEPT, TRUST } from './places.ts'

/** Ms for which somebody who serves has time to show by what. */
const HANDSHAKE = 3_000

/** Who is asked, beside the API that keeps Secrets. */
export interface Looks {
  readonly core: CoreV1Api
  readonly registrations: AdmissionregistrationV1Api
  readonly discovery: DiscoveryV1Api
}

export const openLooks = (cluster: KubeConfig, core: CoreV1Api): Looks => ({
  core,
  registrations: keptClient(cluster, AdmissionregistrationV1Api),
  discovery: keptClient(cluster, DiscoveryV1Api),
})

/** Reads back from every place whom it trusts, and sees by what is served, as the API server and the servers say now. */
export async function observe(
  looks: Looks,
  standing: Standing,
  times: Pick<Facts, 'wall' | 'now'>,
): Promise<Facts> {
  const { signs, next, former, asked } = standing
  const authorities = [signs.certificate, next?.certificate, former].filter((one) => one !== undefined)
  const configuration = await configurationOf(looks.registrations)
  const isUnderWay = next !== undefined || former !== undefined
  return {
    signs: authorityOf(signs.certificate),
    next: next && authorityOf(next.certificate),
    former: former === undefined ? undefined : authorityOf(former),
    asked: asked !== undefined,
    places: await Promise.all([
      ...placesOf(looks.core),
      { place: `the caBundle of ${WEBHOOK.configuration}`, holds: bundleIn(configuration) },
    ]),
    leaves: isUnderWay ? await leavesOf(looks, configuration, authorities) : [],
    ...times,
  }
}

const authorityOf = (pem: string): Authority => {
  const { validFromDate, validToDate } = new NodeCertificate(pem)
  return { id: idOf(pem), notBefore: validFromDate.getTime(), notAfter: validToDate.getTime() }
}

const textOf = (base64: string | undefined): string => Buffer.from(base64 ?? '', 'base64').toString('utf8')

function placesOf(core: CoreV1Api): Promise<Trusting>[] {
  const configMap = async (place: Place): Promise<Trusting> => {
    const read = core.readNamespacedConfigMap(place).then(({ data }) => data?.['ca.crt'])
    return { place: `ConfigMap ${place.namespace}/${place.name}`, holds: await idsIn(read) }
  }
  const secret = async (place: Place): Promise<Trusting> => {
    const read = find(core, place).then((found) => textOf(found?.data?.['ca.crt']))
    return { place: `Secret ${place.namespace}/${place.name}`, holds: await idsIn(read) }
  }
  return [configMap(TRUST.inside), secret(KEPT.caller), secret(KEPT.directory)]
}

const idsIn = async (read: Promise<string | undefined>): Promise<string[] | undefined> => {
  try {
    return certificatesIn((await read) ?? '').map(idOf)
  } catch {
    return undefined
  }
}

/** As the API server has it, and no cache of ours; undefined where it is not there yet. */
async function configurationOf(
  api: AdmissionregistrationV1Api,
): Promise<V1MutatingWebhookConfiguration | undefined> {
  const fieldSelector = `metadata.name=${WEBHOOK.configuration}`
  return (await api.listMutatingWebhookConfiguration({ fieldSelector })).items[0]
}

const clientOf = (configuration: V1MutatingWebhookConfiguration | undefined) =>
  configuration?.webhooks?.find(({ name }) => name === WEBHOOK.webhook)?.clientConfig

const bundleIn = (configuration: V1MutatingWebhookConfiguration | undefined): string[] =>
  certificatesIn(textOf(clientOf(configuration)?.caBundle)).map(idOf)

/** What the Secrets hold, and what those who are called do show. */
async function leavesOf(
  looks: Looks,
  configuration: V1MutatingWebhookConfiguration | undefined,
  authorities: readonly string[],
): Promise<Leaf[]> {
  const kept = [KEPT.webhook, KEPT.caller, KEPT.directory].map(async (place): Promise<Leaf> => {
    const leaf = `Secret ${place.namespace}/${place.name}`
    try {
      return { leaf, by: signerOf(textOf((await find(looks.core, place))?.data?.['tls.crt']), authorities) }
    } catch {
      return { leaf, by: undefined }
    }
  })
  const url = clientOf(configuration)?.url
  const webhooks =
    url === undefined
      ? await addressesOf(looks.discovery, NAMESPACES.system, WEBHOOK.service)
      : [{ host: new URL(url).hostname.replace(/^\[|\]$/g, ''), port: Number(new URL(url).port || 443) }]
  const directories = await addressesOf(looks.discovery, NAMESPACES.directory, LDAP.service)
  const shown = [
    ...webhooks.map((at) => ({ ...at, who: 'the webhook' })),
    ...directories.map((at) => ({ ...at, who: 'slapd' })),
  ].map(async ({ host, port, who }): Promise<Leaf> => {
    const certificate = await shownAt(host, port)
    return {
      leaf: `${who} at ${host}:${port}`,
      by: certificate === undefined ? undefined : signerOf(certificate, authorities),
    }
  })
  return await Promise.all([...kept, ...shown])
}

interface At {
  readonly host: string
  readonly port: number
}

/** Where a Service leads: to those that are ready. Who is not is asked by nobody, and follows before it is. */
async function addressesOf(api: DiscoveryV1Api, namespace: string, service: string): Promise<At[]> {
  const labelSelector = `kubernetes.io/service-name=${service}`
  const { items } = await api.listNamespacedEndpointSlice({ namespace, labelSelector })
  return items.flatMap(readyIn)
}

const readyIn = ({ endpoints, ports }: V1EndpointSlice): At[] =>
  (endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses }) => addresses.map((host) => ({ host, port: ports?.[0]?.port ?? 0 })))

/** The id of who signed a certificate; '' where it is none of these. */
function signerOf(certificate: string | Buffer, authorities: readonly string[]): string {
  const leaf = new NodeCertificate(certificate)
  const issuer = authorities.find((pem) => {
    const authority = new NodeCertificate(pem)
    return leaf.checkIssued(authority) && leaf.verify(authority.publicKey)
  })
  return issuer === undefined ? '' : idOf(issuer)
}

/**
 * The certificate that a server shows, DER; undefined where it shows none in time. It is looked at and not trusted:
 * nothing is said to that server.
 */
function shownAt(host: string, port: number): Promise<Buffer | undefined> {
  return new Promise((done) => {
    const socket = connect({ host, port, rejectUnauthorized: false, minVersion: 'TLSv1.3' }, () =>
      finish(socket.getPeerCertificate().raw),
    )
    const limit = setTimeout(() => finish(undefined), HANDSHAKE)
    const finish = (shown: Buffer | undefined): void => {
      clearTimeout(limit)
      socket.destroy()
      done(shown)
    }
    socket.on('error', () => finish(undefined))
  })
}
