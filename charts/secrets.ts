import type { Construct } from 'constructs'
import { imageReference } from '../config/images.ts'
import { GATEWAY, LDAP, LOCKED_PEOPLE, NAMESPACES } from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'
import type { App } from './app.ts'
import { nodeCommand } from './kit/pods.ts'
import { program } from './kit/program.ts'
import { prove } from './kit/proof.ts'
import { PRIORITIES } from './priorities.ts'
import { WRITTEN_SECRETS } from './secrets/written-secrets.ts'

const { system, directory } = NAMESPACES

/** A Job that makes, in the cluster, what must never stand in Git: once, and only what is absent. */
export const secrets: App = {
  name: 'secrets',
  about: 'Makes the passwords that never stand in Git, once',
  namespace: system,
  after: ['namespaces'],
  makes: [
    { kind: 'Secret', namespace: system, name: LDAP.readerSecret },
    { kind: 'Secret', namespace: directory, name: LDAP.readerSecret },
    { kind: 'Secret', namespace: directory, name: LDAP.adminSecret },
    { kind: 'Secret', namespace: directory, name: LDAP.replicaSecret },
    { kind: 'ConfigMap', namespace: system, name: LOCKED_PEOPLE },
  ],
  chart: (scope, cluster) => {
    prove(scope, WRITTEN_SECRETS)
    job(scope, cluster)
  },
}

const create = (resource: string) => ({ group: '', resources: [resource], verbs: ['create'] })
const get = (resource: string, names: readonly string[]) => ({
  group: '',
  resources: [resource],
  verbs: ['get'],
  names,
})

function job(scope: Construct, cluster: Cluster): void {
  program(scope, {
    name: 'make-secrets',
    namespace: system,
    workload: { kind: 'Job' },
    priorityClass: PRIORITIES.platform.name,
    rights: {
      namespaces: {
        [system]: [
          create('secrets'),
          get('secrets', [LDAP.readerSecret, GATEWAY.sessionsSecret]),
          create('configmaps'),
          get('configmaps', [GATEWAY.revokedConfigMap, GATEWAY.failuresConfigMap, LOCKED_PEOPLE]),
        ],
        [directory]: [
          create('secrets'),
          get('secrets', [LDAP.adminSecret, LDAP.readerSecret, LDAP.replicaSecret]),
        ],
      },
    },
    containers: [
      {
        image: imageReference('deskfleet', cluster),
        command: nodeCommand('certificates/secrets/main.js'),
        resources: { cpu: '50m', memory: '96Mi', memoryLimit: '256Mi' },
        // It ends by itself: its exit code is all there is to ask.
        probes: {},
      },
    ],
  })
}
