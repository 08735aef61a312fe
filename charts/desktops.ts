import type { Construct } from 'constructs'
import { imageReference, isImageName } from '../config/images.ts'
import { DESKTOP, GATEWAY, NAMESPACES } from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'
import type { App } from './app.ts'
import { outsideOf } from './desktops/outside.ts'
import { POD_STATUS } from './desktops/pod-status.ts'
import { desktopTraffic } from './desktops/traffic.ts'
import type { Container } from './kit/container.ts'
import { DNS } from './kit/network.ts'
import { program } from './kit/program.ts'
import { prove } from './kit/proof.ts'
import { PRIORITIES } from './priorities.ts'

/** What must be there before anybody logs in: who may call desktops, and their images on every PC. */
export const desktops: App = {
  name: 'desktops',
  about: 'What desktops stand on: who may call them, their images on every PC',
  namespace: NAMESPACES.desktops,
  after: ['namespaces'],
  chart: (scope, cluster) => {
    prove(scope, POD_STATUS)
    desktopTraffic(scope, {
      namespace: NAMESPACES.desktops,
      from: { namespace: NAMESPACES.system, program: GATEWAY.service },
      port: DESKTOP.port,
      dns: DNS,
      outside: outsideOf(cluster),
    })
    puller(scope, cluster)
  },
}

/**
 * One sleeping container for each image keeps it on every PC, new ones included: nobody who logs in waits for a
 * download of a gigabyte, and a registry of the room's own begins on whatever PC is left. It gives way to every desktop.
 */
function puller(scope: Construct, cluster: Cluster): void {
  const [first, ...others] = new Set([
    ...cluster.templates.map(({ image }) => (isImageName(image) ? imageReference(image, cluster) : image)),
    ...(cluster.sources.kind === 'room' ? [imageReference('sources', cluster)] : []),
  ])
  if (first === undefined) return
  program(scope, {
    name: 'image-puller',
    namespace: NAMESPACES.system,
    workload: { kind: 'DaemonSet', update: { maxUnavailable: '50%' }, history: 1 },
    priorityClass: PRIORITIES.background.name,
    token: false,
    grace: 1,
    containers: [sleeper(first, 0), ...others.map((image, index) => sleeper(image, index + 1))],
  })
}

const sleeper = (image: string, index: number): Container => ({
  name: `image-${index}`,
  image,
  command: ['sleep', 'infinity'],
  resources: { cpu: '1m', memory: '4Mi', memoryLimit: '16Mi' },
  probes: {},
})
