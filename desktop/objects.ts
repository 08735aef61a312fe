/**
 * `desktop/`: What a person's desktop is, as pure functions: from an identity and a template to Kubernetes
 * objects.
 */

import type { V1Deployment, V1EnvVar, V1PodSpec, V1Probe, V1Secret, V1Service } from '@kubernetes/client-node'
import { LEAVES_DEAD_PC } from '../config/dead-pc.ts'
import type { Identity } from '../config/identity.ts'
import { imageReference, isImageName } from '../config/images.ts'
import { ENTRY_UUID, MANAGED_BY, NAME, PART_OF, PERSON, TEMPLATE } from '../config/labels.ts'
import { BRIDGE_PATHS, DESKTOP, desktopName, NAMESPACES } from '../config/names.ts'
import { SCRATCH as SCRATCH_ON_DISK, UNREACHED_TERMINATION_MESSAGE } from '../config/pod-bounds.ts'
import type { Cluster, Template } from '../config/schema.ts'
import { screenPixels } from '../config/screen-size.ts'

/** What a desktop depends on besides its person and its template. */
export type DesktopSettings = Pick<Cluster, 'registry' | 'images'> & {
  readonly desktops: Omit<Cluster['desktops'], 'internet' | 'internetNetworks' | 'images'>
}

/** What makes a desktop's pod known to the gateway, and the gateway to it. Made by the caller; nothing here is random. */
export interface DesktopKeys {
  /** PEM. */
  readonly certificate: string
  /** PEM. */
  readonly key: string
  /** At least 32 characters. */
  readonly token: string
  /** PEM, one behind the other: what vouches for the gateway. */
  readonly gatewayAuthorities: string
}

export interface DesktopWish {
  /** Whether it runs or is stopped. */
  readonly running: boolean
  readonly keys: DesktopKeys
}

interface Named {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace: string }
}

/** The objects of one person's desktop, complete but for what the webhook gives to its pod. */
export interface DesktopObjects {
  readonly deployment: V1Deployment & Named
  readonly service: V1Service & Named
  readonly secret: V1Secret & Named
}

/** Seconds that a pod has to save the session and to give the home back; the bridge takes at most ten. */
const GRACE = 15

/** Writable places on the read-only root. They count as memory of the pod. */
const SCRATCH = [
  { name: 'tmp', mountPath: '/tmp', sizeLimit: '256Mi' },
  { name: 'run', mountPath: '/run/desktop', sizeLimit: '256Mi' },
  { name: 'shm', mountPath: '/dev/shm', sizeLimit: '256Mi' },
] as const
const KEYS = 'keys'

/** What a person's desktop is. Pure: the same wish gives the same objects. */
export function desktopObjects(
  identity: Identity,
  template: Template,
  room: DesktopSettings,
  { running, keys }: DesktopWish,
): DesktopObjects {
  const slug = identity.metadata.name
  const name = desktopName(slug)
  const selector = { [NAME]: 'desktop', [PERSON]: slug }
  const labels = { ...selector, [TEMPLATE]: template.name, [PART_OF]: 'deskfleet' }
  const metadata = {
    name,
    namespace: NAMESPACES.desktops,
    labels: { ...labels, [MANAGED_BY]: 'deskfleet-gateway' },
    annotations: { [ENTRY_UUID]: identity.spec.entryUUID },
  }
  return {
    deployment: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas: running ? 1 : 0,
        revisionHistoryLimit: 1,
        // Never two at once by plan; when a PC is cut off, the generation lock of the home keeps them apart.
        strategy: { type: 'Recreate' },
        selector: { matchLabels: selector },
        template: {
          metadata: { labels, annotations: metadata.annotations },
          spec: podOf(identity, template, room, name),
        },
      },
    },
    service: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: {
        selector,
        ports: [{ name: 'https', port: DESKTOP.servicePort, targetPort: DESKTOP.port, protocol: 'TCP' }],
      },
    },
    secret: {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata,
      type: 'Opaque',
      data: {
        'tls.crt': base64(keys.certificate),
        'tls.key': base64(keys.key),
        token: base64(keys.token),
        [DESKTOP.gatewayAuthorities]: base64(keys.gatewayAuthorities),
      },
    },
  }
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')

function podOf(identity: Identity, template: Template, room: DesktopSettings, name: string): V1PodSpec {
  const { cpu, memory, memoryLimit } = template.resources
  return {
    // The same on every PC: browsers write it into their lock files.
    hostname: 'desktop',
    priorityClassName: DESKTOP.priorityClass,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: GRACE,
    ...(Object.keys(template.requires).length > 0 ? { nodeSelector: template.requires } : {}),
    tolerations: LEAVES_DEAD_PC,
    // A name with a dot is looked up as it is: else a Service `example` in a namespace `com` would answer for example.com.
    dnsConfig: { options: [{ name: 'ndots', value: '1' }] },
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'desktop',
        image: isImageName(template.image) ? imageReference(template.image, room) : template.image,
        imagePullPolicy: 'IfNotPresent',
        env: environmentOf(identity, template, room),
        ports: [{ name: 'https', containerPort: DESKTOP.port, protocol: 'TCP' }],
        // The root is read-only and the places to write are memory: on disk it is the log that fills.
        resources: {
          requests: { cpu, memory, 'ephemeral-storage': SCRATCH_ON_DISK.request },
          limits: { memory: memoryLimit, 'ephemeral-storage': SCRATCH_ON_DISK.limit },
        },
        readinessProbe: probe(BRIDGE_PATHS.ready, { periodSeconds: 1, failureThreshold: 2 }),
        // A busy desktop is not killed: the bridge answers this without asking anybody.
        livenessProbe: probe(BRIDGE_PATHS.health, { periodSeconds: 10, failureThreshold: 6 }),
        // What the bridge says last is why the desktop did not start.
        terminationMessagePath: UNREACHED_TERMINATION_MESSAGE,
        terminationMessagePolicy: 'FallbackToLogsOnError',
        securityContext: {
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          readOnlyRootFilesystem: true,
        },
        volumeMounts: [
          ...SCRATCH.map(({ name: volume, mountPath }) => ({ name: volume, mountPath })),
          { name: KEYS, mountPath: DESKTOP.secrets, readOnly: true },
        ],
      },
    ],
    volumes: [
      ...SCRATCH.map(({ name: volume, sizeLimit }) => ({
        name: volume,
        emptyDir: { medium: 'Memory', sizeLimit },
      })),
      { name: KEYS, secret: { secretName: name, defaultMode: 0o444 } },
    ],
  }
}

/** The variables that bridge/settings.ts reads, besides those that the webhook gives. */
function environmentOf(
  { spec }: Identity,
  { screen, resources }: Template,
  { desktops: { language, keyboard, timeZone } }: DesktopSettings,
): V1EnvVar[] {
  return [
    { name: 'DESKFLEET_ENTRY_UUID', value: spec.entryUUID },
    { name: 'DESKFLEET_POD', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.uid' } } },
    { name: 'DESKFLEET_SCREEN', value: screen },
    { name: 'DESKFLEET_SCREEN_PIXELS', value: String(screenPixels(resources.memoryLimit)) },
    { name: 'DESKFLEET_KEYBOARD', value: keyboard },
    { name: 'LANG', value: `${language}.UTF-8` },
    { name: 'TZ', value: timeZone },
  ]
}

const probe = (path: string, rhythm: Pick<V1Probe, 'periodSeconds' | 'failureThreshold'>): V1Probe => ({
  httpGet: { path, port: DESKTOP.port, scheme: 'HTTPS' },
  timeoutSeconds: 5,
  ...rhythm,
})
