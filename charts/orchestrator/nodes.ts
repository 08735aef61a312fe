import { CORDONED_BY, MASTER, MOVES_AT, MOVES_FOR, NO_BALANCER } from '../../config/labels.ts'
import { cel, on, type Proof } from '../kit/proof.ts'
import { by, ORCHESTRATOR } from './job-shape.ts'

/**
 * What the orchestrator changes of a Node: whether pods come to it, what its people are told, and that it is a master no more.
 * Whoever took its account over makes no master by a label, and leads no pods of others to a PC.
 */

const OURS = JSON.stringify([CORDONED_BY, MOVES_FOR, MOVES_AT])
const of = (object: string, field: string) => `${object}.metadata.?${field}.orValue({})`
const taints = (object: string) => `${object}.spec.?taints.orValue([])`
/** Kubernetes adds it itself to a Node that is unschedulable. */
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable'

/** CEL: that the entries of a map are those of another, but for some. */
const sameBut = (one: string, other: string, but: (key: string) => string) =>
  `${one}.all(k, ${but('k')} || (k in ${other} && ${one}[k] == ${other}[k]))`

const annotations = { now: of('object', 'annotations'), before: of('oldObject', 'annotations') }
const labels = { now: of('object', 'labels'), before: of('oldObject', 'labels') }
const isOurs = (key: string) => `${key} in ${OURS}`

export const NODES: Proof = {
  name: 'deskfleet-nodes-by-the-orchestrator',
  resources: [{ ...on('', ['nodes'], ['CREATE', 'UPDATE']), scope: 'Cluster' }],
  where: 'everywhere',
  readsIdentities: false,
  when: { 'by-the-orchestrator': by(ORCHESTRATOR) },
  variables: {},
  rules: [
    { expression: `request.operation == 'UPDATE'`, says: cel('the orchestrator makes no Nodes') },
    {
      expression: `${sameBut(annotations.now, annotations.before, isOurs)} && ${sameBut(annotations.before, annotations.now, isOurs)}`,
      says: cel('of a Node the orchestrator changes the annotations that are its own alone'),
    },
    {
      expression: `${sameBut(labels.now, labels.before, () => 'false')} && ${sameBut(labels.before, labels.now, (key) => `${key} in ${JSON.stringify([MASTER, NO_BALANCER])}`)}`,
      says: cel('of the labels of a Node the orchestrator takes those of masters off, and no other'),
    },
    {
      expression: `${taints('object')}.all(t, t in ${taints('oldObject')} || t.key == ${cel(UNSCHEDULABLE)}) && ${taints('oldObject')}.all(t, t in ${taints('object')} || t.key in ${JSON.stringify([MASTER, UNSCHEDULABLE])})`,
      says: cel('of the taints of a Node the orchestrator takes that of masters off, and no other'),
    },
    {
      expression: `object.metadata.?ownerReferences == oldObject.metadata.?ownerReferences && object.metadata.?finalizers == oldObject.metadata.?finalizers`,
      says: cel('the orchestrator gives a Node neither owners nor finalizers'),
    },
  ],
}
