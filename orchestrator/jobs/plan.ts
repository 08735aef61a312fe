import type { V1Secret } from '@kubernetes/client-node'
import type { Token } from '../../cluster/bootstrap-token.ts'
import { MASTER, OPERATION } from '../../config/labels.ts'
import { NAMESPACES } from '../../config/names.ts'

/** What node jobs are given in Secrets: kubeadm's configuration. */

/** What both sides of a join must know: one master lays the certificates out under the key, the heir takes them. */
export interface Crowning {
  readonly operation: string
  /** 64 hexadecimal digits. */
  readonly certificateKey: string
  /** As the ConfigMap `kube-system/kubeadm-config` has it: YAML. */
  readonly clusterConfiguration: string
}

export interface Heir {
  /** Its Node, and the Node's InternalIP. */
  readonly node: string
  readonly address: string
  /** The room's one address and port. */
  readonly endpoint: string
  readonly token: Token
  /** Who the cluster is: `sha256:…` of its authority's public key. */
  readonly authority: string
  /** Files that the API server is given beside kubeadm's own, as sha256sum writes them: the heir must have the same. */
  readonly apiFiles: readonly string[]
  /** Those of them that the heir is brought, by their names in `CROWN.apiFiles`. */
  readonly brought: ReadonlyMap<string, Buffer>
}

/** For the step `mint`. */
export const mintPlan = (crowning: Crowning): V1Secret =>
  planSecret('mint', crowning, {
    'kubeadm.yaml': documents(
      { ...kubeadm('InitConfiguration'), certificateKey: crowning.certificateKey },
      crowning,
    ),
  })

/** For the steps `preflight` and `join`. */
export function joinPlan(crowning: Crowning, heir: Heir): V1Secret {
  const { node, address, endpoint, token, authority, apiFiles, brought } = heir
  const join = {
    ...kubeadm('JoinConfiguration'),
    discovery: {
      bootstrapToken: {
        apiServerEndpoint: endpoint,
        token: `${token.id}.${token.secret}`,
        caCertHashes: [authority],
      },
    },
    controlPlane: {
      certificateKey: crowning.certificateKey,
      localAPIEndpoint: { advertiseAddress: address, bindPort: 6443 },
    },
    nodeRegistration: {
      name: node,
      criSocket: 'unix:///run/containerd/containerd.sock',
      // What is missing is found before; looking for it elsewhere takes minutes, with one voter less.
      imagePullPolicy: 'Never',
      // Masters carry desktops too.
      taints: [{ key: MASTER, effect: 'PreferNoSchedule' }],
    },
  }
  const files = apiFiles.length === 0 ? {} : { 'files.sha256': `${apiFiles.join('\n')}\n` }
  const data = [...brought].map(([name, bytes]) => [`api-server.${name}`, bytes.toString('base64')] as const)
  return {
    ...planSecret('join', crowning, { 'kubeadm.yaml': documents(join, crowning), ...files }),
    ...(data.length === 0 ? {} : { data: Object.fromEntries(data) }),
  }
}

const planSecret = (
  side: 'mint' | 'join',
  { operation }: Crowning,
  stringData: Record<string, string>,
): V1Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: {
    name: `crown-${operation}-${side}`,
    namespace: NAMESPACES.crown,
    labels: { [OPERATION]: operation },
  },
  immutable: true,
  stringData,
})

const kubeadm = (kind: string) => ({ apiVersion: 'kubeadm.k8s.io/v1beta4', kind })

/** JSON is YAML too. kubeadm takes the documents that it needs and leaves the others. */
const documents = (own: object, { clusterConfiguration }: Crowning): string =>
  `${JSON.stringify(own, undefined, 2)}\n---\n${clusterConfiguration}`
