import { desktopName } from '../../config/names.ts'
import { cel, on, type Proof } from '../kit/proof.ts'
import { mayClaimEverybody } from './rights.ts'

/**
 * What nobody may make in a namespace of desktops: Services that draw traffic from outside, and anything under the
 * names that the gateway gives to desktops, so that nobody is sent to a desktop that is not theirs.
 */

const SERVICES: Proof = {
  name: 'deskfleet-desktop-services',
  resources: [on('', ['services'], ['CREATE', 'UPDATE'])],
  where: 'desktops',
  readsIdentities: false,
  // What is on its way out may lose its finalizers, whatever it says.
  when: { stays: '!has(object.metadata.deletionTimestamp)' },
  variables: {},
  rules: [
    {
      expression: `object.spec.?type.orValue('ClusterIP') == 'ClusterIP'`,
      says: `'spec.type ' + object.spec.?type.orValue('') + ' leads from or to outside the cluster: only ClusterIP is for desktops'`,
    },
    {
      expression: `size(object.spec.?externalIPs.orValue([])) == 0`,
      says: `'spec.externalIPs draws to this pod what PCs send to those addresses: remove it'`,
    },
  ],
}

const PREFIX = desktopName('')
const name = 'object.metadata.?name.orValue("")'
const prefix = 'object.metadata.?generateName.orValue("")'

/** The collector of garbage takes owners off what it leaves behind; it makes nothing. */
const COLLECTOR = 'system:serviceaccount:kube-system:generic-garbage-collector'

/** `named`: CEL, whether such a name is a desktop's, or would give one to the pods that are made of it. */
function reserved(policy: string, resources: Proof['resources'], named: string): Proof {
  return {
    name: policy,
    resources,
    where: 'desktops',
    readsIdentities: false,
    when: {
      'a-name-of-desktops': named,
      'no-collection': `request.operation == 'CREATE' || request.userInfo.username != ${cel(COLLECTOR)}`,
    },
    variables: {},
    rules: [
      {
        expression: mayClaimEverybody,
        says: `request.userInfo.username + ' may not make or change ' + ${name} + ': names that begin with ${PREFIX} are the gateway\\'s; choose another'`,
      },
    ],
  }
}

const begins = `${name}.startsWith(${cel(PREFIX)}) || ${prefix}.startsWith(${cel(PREFIX)})`
/** `desktop` itself would name its pods `desktop-…`. */
const wouldBegin = `${name} == ${cel(PREFIX.slice(0, -1))} || ${begins}`

/** One for each shape of object, so that the API server can check the types of every expression. */
export const RESERVED: readonly Proof[] = [
  SERVICES,
  reserved(
    'deskfleet-desktop-names',
    [on('', ['pods', 'services', 'secrets', 'configmaps'], ['CREATE', 'UPDATE'])],
    begins,
  ),
  reserved(
    'deskfleet-desktop-workloads',
    [
      on(
        'apps',
        [
          'deployments',
          'replicasets',
          'statefulsets',
          'daemonsets',
          'deployments/scale',
          'replicasets/scale',
          'statefulsets/scale',
        ],
        ['CREATE', 'UPDATE'],
      ),
      on('batch', ['jobs', 'cronjobs'], ['CREATE', 'UPDATE']),
      on('', ['replicationcontrollers', 'replicationcontrollers/scale'], ['CREATE', 'UPDATE']),
    ],
    wouldBegin,
  ),
]
