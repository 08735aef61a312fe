import type { Construct } from 'constructs'
import { z } from 'zod'
import type { Finding } from '../../config/findings.ts'
import { LAST_UID, SERVICE_DATA, serviceNamespace, serviceVolume } from '../../config/names.ts'
import type { Cluster } from '../../config/schema.ts'
import { dataPath } from '../../config/service-data.ts'
import { storageFolder } from '../../config/storage.ts'
import { add } from '../kit/objects.ts'
import { KEPT } from '../kit/policies/contents.ts'

/** What a service keeps, on the room's own storage: a claim of its namespace, which any number of its pods may mount. */
export const DataWish = z.strictObject({
  /** The claim that its pods name. */
  claim: z.string().regex(/^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/, 'it must be the name of a claim'),
  /** As whom its programs run: the folder belongs to nobody else. */
  user: z.int().min(1).max(LAST_UID).default(SERVICE_DATA.uid),
  /** What is asked of a StorageClass of the site (`storage.kind: existing`). On other storage there is as much as there is. */
  size: z
    .string()
    .regex(/^[1-9]\d*[GT]i$/, 'it must be a size, as 10Gi')
    .default('10Gi'),
})
export type DataWish = z.input<typeof DataWish>

/** Data of a service, as the charts know it. */
export type ServiceData = z.output<typeof DataWish> & {
  readonly service: string
  /** Where its claim is. */
  readonly namespace: string
}

interface Keeping {
  readonly name: string
  readonly data?: readonly DataWish[]
}

export const dataOf = (services: readonly Keeping[]): ServiceData[] =>
  services.flatMap(({ name, data = [] }) =>
    data.map((one) => ({ service: name, namespace: serviceNamespace(name), ...DataWish.parse(one) })),
  )

/** Why a service may not keep what it wants, where homes are being moved: a volume never leads elsewhere, and programs write on. */
export const dataFindings = ({ storage }: Cluster, services: readonly Keeping[]): Finding[] =>
  storage.kind !== 'gluster' || storage.from === undefined
    ? []
    : dataOf(services).map(({ service, claim }) => ({
        severity: 'error',
        where: `services/${service}`,
        what: `it keeps data (${claim}) while homes are moved to another storage`,
        rule: 'what services keep is moved while they are off, with the rest',
        mend: `rename it to _${service}, deliver that, and delete its claim and volume: docs/services.md`,
      }))

/**
 * The volume that leads to the folder of that claim, for that claim alone. `Directory`: where storage is not mounted, no pod
 * starts. Nothing where the claim is one of a StorageClass.
 */
export function dataVolume(
  scope: Construct,
  { storage }: Cluster,
  { service, namespace, claim, size }: ServiceData,
): void {
  const folder = storageFolder(storage)
  if (folder === undefined) return
  add(
    scope,
    'v1/PersistentVolume',
    { name: serviceVolume(service, claim), annotations: KEPT },
    {
      spec: {
        ...SHARED,
        storageClassName: '',
        capacity: { storage: size },
        persistentVolumeReclaimPolicy: 'Retain',
        claimRef: {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          namespace,
          name: claim,
        },
        hostPath: { path: `${folder}/${dataPath(service, claim)}`, type: 'Directory' },
      },
    },
  )
}

/** The claim itself. */
export function dataClaim(
  scope: Construct,
  { storage }: Cluster,
  { service, namespace, claim, size }: ServiceData,
): void {
  const from =
    storage.kind === 'existing'
      ? { storageClassName: storage.storageClass }
      : { storageClassName: '', volumeName: serviceVolume(service, claim) }
  add(
    scope,
    'v1/PersistentVolumeClaim',
    { name: claim, namespace, annotations: KEPT },
    { spec: { ...SHARED, ...from, resources: { requests: { storage: size } } } },
  )
}

const SHARED = { accessModes: ['ReadWriteMany'], volumeMode: 'Filesystem' }
