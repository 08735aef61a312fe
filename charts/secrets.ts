import { createHash } from 'node:crypto'
import type { Construct } from 'constructs'
import { imageReference } from '../config/images.ts'
import { AUTHORITY, LDAP, NAMESPACES } from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'
import { account } from './kit/access.ts'
import { API_SERVER, allow, DNS } from './kit/network.ts'
import { add } from './kit/objects.ts'
import { nodeCommand, programPod, selects } from './kit/pods.ts'
import { PRIORITIES } from './priorities.ts'

const namespace = NAMESPACES.system
const name = 'make-secrets'

/** A Job that makes, in the cluster, what must never stand in Git: once, and only what is absent. */
export function secrets(scope: Construct, cluster: Cluster): void {
  const create = (resource: string) => ({ group: '', resources: [resource], verbs: ['create'] })
  const get = (resource: string, names: readonly string[]) => ({
    group: '',
    resources: [resource],
    verbs: ['get'],
    names,
  })
  account(scope, name, namespace, {
    namespaces: {
      [namespace]: [
        create('secrets'),
        get('secrets', [AUTHORITY.secret, LDAP.readerSecret]),
        create('configmaps'),
        get('configmaps', [AUTHORITY.configMap]),
      ],
      [NAMESPACES.directory]: [
        create('secrets'),
        get('secrets', [LDAP.adminSecret, LDAP.readerSecret, LDAP.tlsSecret]),
      ],
    },
  })
  job(scope, cluster)
  allow(scope, { program: name, namespace, calls: [...DNS, API_SERVER] })
}

function job(scope: Construct, cluster: Cluster): void {
  const { metadata, spec } = programPod({
    name,
    image: imageReference('deskfleet', cluster),
    command: nodeCommand('certificates/secrets/main.ts'),
    serviceAccount: name,
    priorityClass: PRIORITIES.platform.name,
    resources: { cpu: '50m', memory: '96Mi', memoryLimit: '256Mi' },
    // It ends by itself: its exit code is all there is to ask.
    probes: {},
  })
  if (spec === undefined) return
  const template = {
    ...(metadata === undefined ? {} : { metadata }),
    // Failed pods stay, and with them the log that says what to mend.
    spec: { ...spec, restartPolicy: 'Never' },
  }
  // A Job's template can never change, so another template is another Job: whoever delivers makes the new one and
  // prunes the old, without a word about hooks or force. It is never removed by time, which would be drift.
  const version = createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 8)
  add(
    scope,
    'batch/v1/Job',
    { name: `${name}-${version}`, namespace, labels: selects(name) },
    { spec: { backoffLimit: 6, completions: 1, parallelism: 1, template } },
  )
}
