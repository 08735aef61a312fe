import { PRIORITY_CLASSES, TERMINATION_MESSAGES } from '../../config/pod-bounds.ts'
import { cel, ofEach, on, type Proof } from '../kit/proof.ts'

/**
 * What a pod in a namespace of desktops may take of its PC. The webhook refuses the same with more words; this holds
 * where a pod comes past it, and for containers that join later. How much, the LimitRange of the namespace says: here
 * each container must have limits at all, so that nothing it fills is without an end, emptyDirs included.
 */

const fresh = `request.operation == 'CREATE'`
const created = (expression: string): string => `!(${fresh}) || (${expression})`

const lists = ['object.spec.containers', 'object.spec.?initContainers.orValue([])']
const late = 'object.spec.?ephemeralContainers.orValue([])'

/** `dyn`: the API server's checker of types does not know maps of quantities. */
const limited = (c: string, what: string) => `${cel(what)} in dyn(${c}).?resources.?limits.orValue({})`

export const POD_BOUNDS: Proof = {
  name: 'deskfleet-pod-bounds',
  resources: [on('', ['pods'], ['CREATE']), on('', ['pods/ephemeralcontainers', 'pods/resize'], ['UPDATE'])],
  where: 'desktops',
  readsIdentities: false,
  when: {},
  variables: {},
  rules: [
    {
      expression: ofEach(
        [...lists, late],
        (c) =>
          `${c}.?terminationMessagePath.orValue(${cel(TERMINATION_MESSAGES[0])}) in ${JSON.stringify(TERMINATION_MESSAGES)}`,
      ),
      says: `'terminationMessagePath must be ${TERMINATION_MESSAGES.join(' or ')} in every container: leave it out; elsewhere the kubelet would write as root'`,
    },
    {
      expression: created(
        `object.spec.?priorityClassName.orValue('') in ${JSON.stringify(['', ...PRIORITY_CLASSES])}`,
      ),
      says: `'spec.priorityClassName ' + object.spec.?priorityClassName.orValue('') + ' is not for desktops: name ${PRIORITY_CLASSES.join(' or ')}'`,
    },
    {
      expression: created(
        `size(object.spec.?resourceClaims.orValue([])) == 0 && ${ofEach(lists, (c) => `size(${c}.?resources.claims.orValue([])) == 0`)}`,
      ),
      says: `'spec.resourceClaims takes devices of the PC: remove it'`,
    },
    {
      expression: created('object.spec.?hostUsers.orValue(true)'),
      says: `'spec.hostUsers is false, and homes cannot be shown under mapped uids: leave it out'`,
    },
    {
      expression: created(
        `size(object.spec.?affinity.?podAntiAffinity.?requiredDuringSchedulingIgnoredDuringExecution.orValue([])) == 0`,
      ),
      says: `'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution keeps pods of others away from the PC where this one runs: write preferredDuringSchedulingIgnoredDuringExecution'`,
    },
    {
      expression: `!has(object.spec.resources)`,
      says: `'spec.resources bounds the pod past the limits of its containers: say it in each container'`,
    },
    {
      expression: ofEach(lists, (c) => `${limited(c, 'memory')} && ${limited(c, 'ephemeral-storage')}`),
      says: `'every container needs limits for memory and ephemeral-storage: set resources.limits, or give the namespace a LimitRange with defaults and maxima, as desktops has one'`,
    },
  ],
}
