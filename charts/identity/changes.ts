import { PERSON } from '../../config/labels.ts'
import { desktopName, homeVolume, SHARED_CLAIM, SHARED_VOLUME } from '../../config/names.ts'
import { cel, on, type Proof } from '../kit/proof.ts'
import { mayClaimEverybody, takesClaim, takesEverybody } from './rights.ts'

/**
 * Who may change what is somebody else's: an owner that does not exist makes the cluster remove an object, a label less
 * releases a pod, a scale of nothing ends it, and a finalizer keeps it for ever. So each change takes the right that a
 * removal takes.
 */

/** What the gateway made has rules of its own. */
const NO_DESKTOP = `!oldObject.metadata.name.startsWith(${cel(desktopName(''))})`

/** What makes pods, removed or changed: judged by whose pods it made until now. `template`: its path in the object. */
const workloads = (name: string, resources: Proof['resources'], template: string): Proof =>
  takesClaim(
    name,
    resources,
    `oldObject.${template}.?metadata.?labels[?${cel(PERSON)}].orValue('')`,
    'change or remove what runs as',
    { 'no-desktop': NO_DESKTOP },
  )

const person = `oldObject.metadata.?labels[?${cel(PERSON)}].orValue('')`

/** CEL: which volume a claim names. */
const volume = (object: string): string => `${object}.spec.?volumeName.orValue('')`

const controllers = (object: string): string =>
  `${object}.metadata.?ownerReferences.orValue([]).filter(o, o.?controller.orValue(false))`

/**
 * A controller takes what its selector names and nobody controls for its own, and removes what is too many: a ReplicaSet
 * of nothing would end another person's pod. What is made by a controller has it from the first; nothing gets one later.
 */
const ADOPTIONS: Proof = {
  name: 'deskfleet-adoptions',
  resources: [on('', ['pods'], ['UPDATE']), on('apps', ['replicasets'], ['UPDATE'])],
  where: 'desktops',
  readsIdentities: false,
  when: {},
  variables: {},
  rules: [
    {
      expression: `${controllers('object')}.all(o, ${controllers('oldObject')}.exists(p, p.uid == o.uid))`,
      says: `'nothing here gets a controller later, since whose it is would be in doubt: delete ' + object.metadata.name + ' and let its controller make another, or choose a selector that names your own pods alone'`,
    },
  ],
}

/** What the cluster tells of a desktop is shown to its person. The API server asks it of both groups that have Events. */
const EVENTS: Proof = takesEverybody(
  'deskfleet-events-of-desktops',
  [on('', ['events'], ['CREATE', 'UPDATE'])],
  { 'of-a-desktop': `object.involvedObject.?name.orValue('').startsWith(${cel(desktopName(''))})` },
  `' may not tell Events of desktops: the cluster alone does'`,
)

/** One for each shape of object, so that the API server can check the types of every expression. */
export const CHANGES: readonly Proof[] = [
  ADOPTIONS,
  EVENTS,
  takesClaim('deskfleet-changes-of-pods', [on('', ['pods'], ['UPDATE'])], person, 'change a pod of', {
    'no-desktop': NO_DESKTOP,
  }),
  takesEverybody(
    'deskfleet-changes-of-claims',
    [on('', ['persistentvolumeclaims'], ['UPDATE'])],
    {
      // A volume may be named once in the life of a claim: storage would take the wrong claim for that of a home.
      'ours-by-name': `oldObject.metadata.name == ${cel(SHARED_CLAIM)} || oldObject.metadata.name.startsWith('home-') || (${volume('object')} != ${volume('oldObject')} && (${volume('object')}.startsWith(${cel(homeVolume(''))}) || ${volume('object')} == ${cel(SHARED_VOLUME)}))`,
    },
    `' may not change ' + oldObject.metadata.name + ': homes and the shared folder are kept by storage'`,
  ),
  workloads(
    'deskfleet-changes-of-workloads',
    [on('apps', ['deployments', 'replicasets', 'statefulsets', 'daemonsets'], ['UPDATE', 'DELETE'])],
    'spec.template',
  ),
  workloads('deskfleet-changes-of-jobs', [on('batch', ['jobs'], ['UPDATE', 'DELETE'])], 'spec.template'),
  workloads(
    'deskfleet-changes-of-replication-controllers',
    [on('', ['replicationcontrollers'], ['UPDATE', 'DELETE'])],
    'spec.?template',
  ),
  workloads(
    'deskfleet-changes-of-cron-jobs',
    [on('batch', ['cronjobs'], ['UPDATE', 'DELETE'])],
    'spec.jobTemplate.?spec.?template',
  ),
  // Whose it is cannot be seen here. One's own is scaled by its spec.replicas.
  takesEverybody(
    'deskfleet-changes-by-scale',
    [
      on('apps', ['deployments/scale', 'replicasets/scale', 'statefulsets/scale'], ['UPDATE']),
      on('', ['replicationcontrollers/scale'], ['UPDATE']),
    ],
    { 'no-desktop': NO_DESKTOP },
    `' may not scale here, where everybody may have pods: change spec.replicas of your own by kubectl patch or apply'`,
    mayClaimEverybody,
  ),
  takesEverybody(
    'deskfleet-changes-of-network-policies',
    [on('networking.k8s.io', ['networkpolicies'], ['CREATE', 'UPDATE', 'DELETE'])],
    {},
    `' may not change what desktops may call: desktops.internet in cluster.yaml says it for all'`,
  ),
  takesEverybody(
    'deskfleet-disruption-budgets',
    [on('policy', ['poddisruptionbudgets'], ['CREATE', 'UPDATE'])],
    // What is on its way out may lose its finalizers, whatever it says.
    { stays: '!has(object.metadata.deletionTimestamp)' },
    `' may not make disruption budgets here: one may keep a PC from being emptied'`,
    mayClaimEverybody,
  ),
]
