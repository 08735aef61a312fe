import { stringify } from 'yaml'
import { POD_NETWORK } from './component-images.ts'

const NAME = 'pod-network'
const NAMESPACE = 'kube-system'
const labels = { app: NAME }

/** What kind applies as the cluster's network: one pod on each PC that writes CNI configuration and routes. */
export const manifestOf = (): string => `${PATCHED}\n---\n${written(objects([]))}`

/** The same for a cluster that install.sh begins. @param endpoint where an API server is found, `HOST:PORT` */
export const manifestFor = (endpoint: string): string =>
  written(objects([{ name: 'CONTROL_PLANE_ENDPOINT', value: endpoint }]))

const written = (all: readonly object[]): string => all.map((object) => stringify(object)).join('---\n')

/** At these words kind adds the control plane's own address to the container's environment. */
const PATCHED = '# would you kindly patch this file'

const rbac = 'rbac.authorization.k8s.io'

const objects = (env: readonly { name: string; value: string }[]) => [
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: NAME, namespace: NAMESPACE } },
  {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRole',
    metadata: { name: NAME },
    rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['list'] }],
  },
  {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: NAME },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: NAME },
    subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: NAMESPACE }],
  },
  {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: NAME, namespace: NAMESPACE, labels },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          hostNetwork: true,
          priorityClassName: 'system-node-critical',
          serviceAccountName: NAME,
          tolerations: [{ operator: 'Exists' }],
          containers: [
            {
              name: NAME,
              image: POD_NETWORK,
              imagePullPolicy: 'Never',
              env: [{ name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }, ...env],
              resources: { requests: { cpu: '10m', memory: '20Mi' }, limits: { memory: '50Mi' } },
              securityContext: { capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] } },
              volumeMounts: [{ name: 'cni', mountPath: '/etc/cni/net.d' }],
            },
          ],
          volumes: [{ name: 'cni', hostPath: { path: '/etc/cni/net.d', type: 'DirectoryOrCreate' } }],
        },
      },
    },
  },
]
