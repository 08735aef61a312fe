import type { Construct } from 'constructs'
import { secondsOf } from '../config/duration.ts'
import { imageReference } from '../config/images.ts'
import { DESKTOPS } from '../config/labels.ts'
import {
  API_GROUP,
  AUTHORITY,
  DIRECTORY_CHECKED,
  IDENTITY,
  LOCKED_PEOPLE,
  NAMESPACES,
  WEBHOOK,
} from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'
import type { App } from './app.ts'
import { INJECT_FROM } from './certificates/issued.ts'
import { add } from './kit/objects.ts'
import { flagsWithin, nodeCommand } from './kit/pods.ts'
import { program } from './kit/program.ts'
import { PRIORITIES } from './priorities.ts'

const namespace = NAMESPACES.system
const name = WEBHOOK.service

/**
 * MiB of values: those of 10,000 people and of the program (60), and of the largest review that is read as values at all
 * (`webhook/review.ts`). Where V8 sees a whole PC it lets garbage lie until there is far more.
 */
const HEAP = 112
/** What Node needs beside them: itself and TLS (100), bodies on their way (`webhook/body.ts`: 20), and as much again. */
const BESIDE = 208

export const WEBHOOK_FLAGS = flagsWithin(HEAP)
/**
 * What is not V8's comes of one heap instead of one for each thread, and goes back to the PC when it is free: 8 MiB less
 * after load, and as fast (`bench/README.md`). The names are glibc's: mallopt(3).
 */
export const WEBHOOK_ENV = { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '131072' } as const

/** Gives a person's pod their identity and their home at admission. */
export const webhook: App = {
  name,
  about: 'Gives pods of people their identity and their home',
  namespace,
  after: ['namespaces', 'identity', 'certificates'],
  chart: (scope, cluster) => {
    server(scope, cluster)
    configuration(scope, cluster)
  },
}

function server(scope: Construct, cluster: Cluster): void {
  const { caller, maxStale } = cluster.admission
  program(scope, {
    name,
    namespace,
    // Never fewer than two answer while a new version comes.
    workload: { kind: 'Deployment', replicas: 2, update: { maxUnavailable: 0, maxSurge: 1 } },
    priorityClass: PRIORITIES.platform.name,
    rights: {
      cluster: [{ group: API_GROUP, resources: [IDENTITY.plural], verbs: ['list', 'watch'] }],
      namespaces: {
        [namespace]: [
          {
            group: '',
            resources: ['secrets'],
            verbs: ['get', 'list', 'watch'],
            names: [AUTHORITY.webhookSecret],
          },
          {
            group: '',
            resources: ['configmaps'],
            verbs: ['list', 'watch'],
            names: [LOCKED_PEOPLE, DIRECTORY_CHECKED.configMap],
          },
        ],
      },
    },
    services: [{ name, port: 'https', as: 443 }],
    // The API server calls from the masters themselves, which no selector can name.
    ingress: [{ peer: 'anybody', ports: [WEBHOOK.port] }],
    containers: [
      {
        image: imageReference('deskfleet', cluster),
        command: nodeCommand('webhook/main.js', WEBHOOK_FLAGS),
        resources: { cpu: '50m', memory: '128Mi', memoryLimit: `${HEAP + BESIDE}Mi` },
        env: {
          ...WEBHOOK_ENV,
          DESKFLEET_MAX_STALE_SECONDS: String(secondsOf(maxStale)),
          ...(caller === undefined ? {} : { DESKFLEET_CALLER: caller }),
        },
        ports: { https: WEBHOOK.port, metrics: 9090 },
      },
    ],
  })
}

/**
 * Every field that the API server would default is written out, so that delivery sees no drift; `caBundle` is
 * left out, since the keeper of certificates, or cert-manager, sets it. The selector is positive: neither kube-system nor
 * LDAP, Gluster or the webhook itself ever depends on it.
 */
function configuration(scope: Construct, { certificates }: Cluster): void {
  add(
    scope,
    'admissionregistration.k8s.io/v1/MutatingWebhookConfiguration',
    { name: WEBHOOK.configuration, annotations: certificates.issuer === undefined ? {} : INJECT_FROM },
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
