import type { Construct } from 'constructs'
import { imageReference, isImageName } from '../config/images.ts'
import { DESKTOP, GATEWAY, NAMESPACES } from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'
import { account } from './kit/access.ts'
import { DNS, desktopTraffic } from './kit/network.ts'
import { add } from './kit/objects.ts'
import { programPod, selects } from './kit/pods.ts'
import { PRIORITIES } from './priorities.ts'

const PULLER = 'image-puller'

/** What desktops stand on before anybody logs in: who may call them, and their images on every PC. */
export function desktops(scope: Construct, cluster: Cluster): void {
  desktopTraffic(scope, {
    namespace: NAMESPACES.desktops,
    from: { namespace: NAMESPACES.system, program: GATEWAY.service },
    port: DESKTOP.port,
    dns: DNS,
  })
  puller(scope, cluster)
}

/**
 * One sleeping container for each image keeps it on every PC, new ones included: whoever logs in never waits for a
 * gigabyte. It yields to every desktop.
 */
function puller(scope: Construct, cluster: Cluster): void {
  const namespace = NAMESPACES.system
  account(scope, PULLER, namespace, {})
  const images = cluster.templates.map(({ image }) =>
    isImageName(image) ? imageReference(image, cluster) : image,
  )
  const { metadata, spec } = programPod({
    name: PULLER,
    image: images[0] ?? '',
    command: ['sleep', 'infinity'],
    serviceAccount: PULLER,
    priorityClass: PRIORITIES.background.name,
    resources: { cpu: '1m', memory: '4Mi', memoryLimit: '16Mi' },
    probes: {},
    token: false,
    grace: 1,
  })
  const [first] = spec?.containers ?? []
  if (spec === undefined || first === undefined) throw new Error('a pod template has a container')
  const { topologySpreadConstraints: _, ...kept } = spec
  const containers = [...new Set(images)].map((image, index) => ({ ...first, name: `image-${index}`, image }))
  add(
    scope,
    'apps/v1/DaemonSet',
    { name: PULLER, namespace },
    {
      spec: {
        revisionHistoryLimit: 1,
        selector: { matchLabels: selects(PULLER) },
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '50%', maxSurge: 0 } },
        template: {
          ...(metadata === undefined ? {} : { metadata }),
          spec: { ...kept, tolerations: [{ operator: 'Exists' }], containers },
        },
      },
    },
  )
}
