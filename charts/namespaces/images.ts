import { allowedElsewhere } from '../../config/images.ts'
import { NAMESPACES } from '../../config/names.ts'
import type { Cluster } from '../../config/schema.ts'
import { cel, on, type Proof } from '../kit/proof.ts'

/**
 * In our own namespaces and in those of desktops, what runs comes out of the room's registry, or is pinned in `cluster.yaml`.
 * Only pods are asked, since every workload makes pods: when one is made, when its image is changed, and when a container
 * joins later. What ran before may stay as it is, so that its finalizers come off.
 */
export function imagesOfTheRoom(cluster: Cluster): Proof {
  const elsewhere = allowedElsewhere(cluster)
  const foreign = (reference: string) =>
    `!${reference}.startsWith(${cel(`${cluster.registry}/`)}) && !(${reference} in ${JSON.stringify(elsewhere)})`
  return {
    name: 'deskfleet-images',
    resources: [on('', ['pods'], ['CREATE', 'UPDATE']), on('', ['pods/ephemeralcontainers'], ['UPDATE'])],
    where: 'ours',
    also: cluster.sources.kind === 'room' ? [NAMESPACES.sources] : [],
    readsIdentities: false,
    when: {},
    variables: {
      former: `request.operation == 'UPDATE' ? ${imagesOf('oldObject')} : []`,
      foreign: `(${imagesOf('object')}).filter(i, ${foreign('i')} && !(i in variables.former))`,
    },
    rules: [
      {
        expression: 'size(variables.foreign) == 0',
        says: `'the image ' + variables.foreign[0] + ${cel(
          ` is not in the room's registry: push it to ${cluster.registry}, or name it by digest in desktops.images of cluster.yaml`,
        )}`,
      },
    ],
  }
}

/** CEL: every image that a pod names, mounted ones included. */
const imagesOf = (pod: string): string =>
  [
    `${pod}.spec.containers.map(c, c.?image.orValue(''))`,
    `${pod}.spec.?initContainers.orValue([]).map(c, c.?image.orValue(''))`,
    `${pod}.spec.?ephemeralContainers.orValue([]).map(c, c.?image.orValue(''))`,
    `${pod}.spec.?volumes.orValue([]).filter(v, has(v.image)).map(v, v.image.?reference.orValue(''))`,
  ].join(' + ')
