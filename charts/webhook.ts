import type { Construct } from 'constructs'
import { imageReference } from '../config/images.ts'
import { DESKTOPS } from '../config/labels.ts'
import { API_GROUP, AUTHORITY, IDENTITY, NAMESPACES, WEBHOOK } from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'
import { account } from './kit/access.ts'
import { API_SERVER, allow, DNS } from './kit/network.ts'
import { add } from './kit/objects.ts'
import { nodeCommand, programPod, selects } from './kit/pods.ts'
import { PRIORITIES } from './priorities.ts'

const namespace = NAMESPACES.system
const name = WEBHOOK.service

/** Gives a person's pod their identity and their home at admission. */
export function webhook(scope: Construct, cluster: Cluster): void {
  account(scope, name, namespace, {
    cluster: [
      { group: API_GROUP, resources: [IDENTITY.plural], verbs: ['list', 'watch'] },
      {
        group: 'admissionregistration.k8s.io',
        resources: ['mutatingwebhookconfigurations'],
        verbs: ['list', 'watch', 'patch'],
        names: [WEBHOOK.configuration],
      },
    ],
    namespaces: {
      [namespace]: [
        { group: '', resources: ['secrets'], verbs: ['create'] },
        {
          group: '',
          resources: ['secrets'],
          verbs: ['get', 'update'],
          names: [AUTHORITY.secret, AUTHORITY.webhookSecret],
        },
      ],
    },
  })
  server(scope, cluster)
  configuration(scope)
}

function server(scope: Construct, cluster: Cluster): void {
  const template = programPod({
    name,
    image: imageReference('deskfleet', cluster),
    command: nodeCommand('webhook/main.ts'),
    serviceAccount: name,
    priorityClass: PRIORITIES.platform.name,
    resources: { cpu: '50m', memory: '128Mi', memoryLimit: '384Mi' },
    ports: { https: WEBHOOK.port, metrics: 9090 },
  })
  add(
    scope,
    'apps/v1/Deployment',
    { name, namespace },
    {
      spec: {
        replicas: 2,
        revisionHistoryLimit: 3,
        // Never fewer than two answer while a new version comes.
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        selector: { matchLabels: selects(name) },
        template,
      },
    },
  )
  add(
    scope,
    'v1/Service',
    { name, namespace },
    {
      spec: {
        type: 'ClusterIP',
        selector: selects(name),
        ports: [{ name: 'https', port: 443, targetPort: 'https', protocol: 'TCP' }],
      },
    },
  )
  add(
    scope,
    'policy/v1/PodDisruptionBudget',
    { name, namespace },
    { spec: { minAvailable: 1, selector: { matchLabels: selects(name) } } },
  )
  allow(scope, {
    program: name,
    namespace,
    // The API server calls from the masters themselves, which no selector can name.
    hears: [
      { peer: 'anybody', ports: [WEBHOOK.port] },
      { peer: { namespace }, ports: [9090] },
    ],
    calls: [...DNS, API_SERVER],
  })
}

/**
 * Every field that the API server would default is written out, so that delivery sees no drift; `caBundle` is
 * left out, since the webhook sets it by server-side apply. The selector is positive: neither kube-system nor
 * LDAP, Gluster or the webhook itself can ever wait for it.
 */
function configuration(scope: Construct): void {
  add(
    scope,
    'admissionregistration.k8s.io/v1/MutatingWebhookConfiguration',
    { name: WEBHOOK.configuration },
    {
      webhooks: [
        {
          name: WEBHOOK.webhook,
          admissionReviewVersions: ['v1'],
          clientConfig: { service: { namespace, name, path: WEBHOOK.path, port: 443 } },
          failurePolicy: 'Fail',
          matchPolicy: 'Equivalent',
          namespaceSelector: { matchLabels: { [DESKTOPS]: 'true' } },
          objectSelector: {},
          reinvocationPolicy: 'IfNeeded',
          rules: [
            {
              apiGroups: [''],
              apiVersions: ['v1'],
              operations: ['CREATE'],
              resources: ['pods'],
              scope: 'Namespaced',
            },
          ],
          sideEffects: 'None',
          timeoutSeconds: 2,
        },
      ],
    },
  )
}
