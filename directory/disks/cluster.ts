import {
  CoreV1Api,
  type KubeConfig,
  type V1Node,
  type V1PersistentVolume,
  type V1PersistentVolumeClaim,
  type V1Pod,
} from '@kubernetes/client-node'
import { unless } from '../../cluster/answer.ts'
import { keptClient } from '../../cluster/client.ts'
import { listPages } from '../../cluster/pages.ts'
import { MANAGED_BY, NAME, PART_OF } from '../../config/labels.ts'
import { FIELD_MANAGERS, LDAP, LDAP_DISK, NAMESPACES } from '../../config/names.ts'
import type { Claim, Disk, Facts, Pc, Server, Step } from './facts.ts'

const namespace = NAMESPACES.directory
const fieldManager = FIELD_MANAGERS.disks
const LABELS = { [PART_OF]: 'deskfleet', [MANAGED_BY]: fieldManager }
/** What the scheduler writes onto a claim whose disk is made only where its pod comes to. */
const CHOSEN = 'volume.kubernetes.io/selected-node'
const HOSTNAME = 'kubernetes.io/hostname'

/** The cluster, as far as the disks of the LDAP servers go. */
export interface DisksCluster {
  observe(): Promise<Facts>
  /** Does one step. What somebody else did first is done. @throws ApiException */
  act(step: Step): Promise<void>
}

export function disksCluster(cluster: KubeConfig): DisksCluster {
  const core = keptClient(cluster, CoreV1Api)
  const ours = { labelSelector: `${MANAGED_BY}=${fieldManager}` }
  const servers = { labelSelector: `${NAME}=${LDAP.service}` }
  return {
    async observe() {
      // Disks first: one whose claim is not there yet when the claims are read was made for one that is gone.
      const disks = await listPages((page) => core.listPersistentVolume({ ...ours, ...page }))
      const [claims, pods, nodes] = await Promise.all([
        listPages((page) => core.listNamespacedPersistentVolumeClaim({ namespace, ...page })),
        listPages((page) => core.listNamespacedPod({ namespace, ...servers, ...page })),
        listPages((page) => core.listNode(page)),
      ])
      return {
        claims: claims.items.map(claimOf),
        disks: disks.items.map((one) => diskOf(one, nodes.items)),
        servers: pods.items.map(serverOf),
        pcs: nodes.items.map(pcOf),
      }
    },
    async act(step) {
      if (step.step === 'make-disk') {
        const body = volumeFor(step.claim, step.pc)
        await unless(409, () => core.createPersistentVolume({ body, fieldManager }))
      } else if (step.step === 'forget-disk')
        await unless(404, () => core.deletePersistentVolume({ name: step.disk.name }))
      else {
        const { claim, server } = step
        const body = { preconditions: { uid: claim.uid } }
        await unless(404, () =>
          core.deleteNamespacedPersistentVolumeClaim({ namespace, name: claim.name, body }),
        )
        // Its kubelet does not answer, so nobody would ever say that it has ended; while it lives it cannot write,
        // since that takes the Lease.
        if (server)
          await unless(404, () =>
            core.deleteNamespacedPod({
              namespace,
              name: server.name,
              // Of a request with a body the API server reads the body alone.
              body: { gracePeriodSeconds: 0, preconditions: { uid: server.uid } },
            }),
          )
      }
    },
  }
}

/** A folder of that PC alone, and for that claim alone. */
export const volumeFor = (claim: Claim, pc: Pc): V1PersistentVolume => ({
  metadata: { name: `${LDAP_DISK.volume}${claim.uid}`, labels: LABELS },
  spec: {
    // A folder has no size of its own; the field must hold what the claim asks for.
    capacity: { storage: LDAP_DISK.size },
    accessModes: ['ReadWriteOnce'],
    persistentVolumeReclaimPolicy: 'Retain',
    storageClassName: LDAP_DISK.storageClass,
    volumeMode: 'Filesystem',
    claimRef: {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      namespace,
      name: claim.name,
      uid: claim.uid,
    },
    // Made beforehand on each PC, for the user that slapd is: the kubelet would make it root's.
    hostPath: { path: LDAP_DISK.path, type: 'Directory' },
    nodeAffinity: {
      required: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: HOSTNAME, operator: 'In', values: [pc.hostname] }] }],
      },
    },
  },
})

const claimOf = ({ metadata, spec }: V1PersistentVolumeClaim): Claim => ({
  name: metadata?.name ?? '',
  uid: metadata?.uid ?? '',
  ours: spec?.storageClassName === LDAP_DISK.storageClass,
  chosen: metadata?.annotations?.[CHOSEN],
  leaving: metadata?.deletionTimestamp !== undefined,
})

function diskOf({ metadata, spec }: V1PersistentVolume, nodes: readonly V1Node[]): Disk {
  const term = spec?.nodeAffinity?.required?.nodeSelectorTerms[0]?.matchExpressions?.[0]
  const hostname = term?.values?.[0] ?? ''
  const node = nodes.find((one) => hostnameOf(one) === hostname)
  return {
    name: metadata?.name ?? '',
    claimUid: spec?.claimRef?.uid ?? '',
    pc: node?.metadata?.name ?? hostname,
  }
}

const serverOf = ({ metadata, spec, status }: V1Pod): Server => ({
  name: metadata?.name ?? '',
  uid: metadata?.uid ?? '',
  claim: spec?.volumes?.find((one) => one.persistentVolumeClaim)?.persistentVolumeClaim?.claimName ?? '',
  pc: spec?.nodeName ?? '',
  ready:
    metadata?.deletionTimestamp === undefined &&
    status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True',
})

const hostnameOf = ({ metadata }: V1Node): string => metadata?.labels?.[HOSTNAME] ?? metadata?.name ?? ''

function pcOf(node: V1Node): Pc {
  const condition = node.status?.conditions?.find(({ type }) => type === 'Ready')
  return {
    name: node.metadata?.name ?? '',
    hostname: hostnameOf(node),
    ready: condition?.status === 'True',
    since: condition?.lastTransitionTime && new Date(condition.lastTransitionTime).getTime(),
    open: node.spec?.unschedulable !== true,
  }
}
