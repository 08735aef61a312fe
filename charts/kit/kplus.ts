/**
 * The one place that names cdk8s-plus-28, so that moving to a later one is a line and a reviewed `dist/`.
 * Only what it renders whole: its workloads lack hostPID, priority and topology, its cluster roles get a
 * namespace, its selectors change when a construct moves (docs/decisions/0002-generator.md).
 */
export { ConfigMap, ServiceAccount } from 'cdk8s-plus-28'
