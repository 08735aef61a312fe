import type { V1Container, V1PodSpec } from '@kubernetes/client-node'
import { containersOf, podTemplate, type Rendered } from '../rendered.ts'
import { about, type Policy } from './policy.ts'

export type Level = 'privileged' | 'baseline' | 'restricted'

const ENFORCE = 'pod-security.kubernetes.io/enforce'

interface Breach {
  readonly field: string
  readonly what: string
  readonly mend: string
}

type PodCheck = (spec: V1PodSpec) => Breach[]
type ContainerCheck = (container: V1Container, spec: V1PodSpec) => Breach[]

const breach = (wrong: boolean | undefined, field: string, what: string, mend: string): Breach[] =>
  wrong === true ? [{ field, what, mend }] : []

/** Linux capabilities that Kubernetes' *baseline* leaves to a container. */
const BASELINE_CAPABILITIES = new Set(
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(
    ' ',
  ),
)
const RESTRICTED_VOLUMES = new Set(
  'configMap csi downwardAPI emptyDir ephemeral image persistentVolumeClaim projected secret'.split(' '),
)

/** Kubernetes' Pod Security Standards, as https://kubernetes.io/docs/concepts/security/pod-security-standards/ has them. */
const BASELINE: { pod: readonly PodCheck[]; container: readonly ContainerCheck[] } = {
  pod: [
    (spec) =>
      (['hostNetwork', 'hostPID', 'hostIPC'] as const).flatMap((field) =>
        breach(spec[field], field, 'it shares a namespace of the host', 'take it out'),
      ),
    (spec) =>
      (spec.volumes ?? []).flatMap((volume, index) =>
        breach(
          volume.hostPath !== undefined,
          `volumes[${index}].hostPath`,
          'it mounts a path of the host',
          'use a claim',
        ),
      ),
    (spec) =>
      breach(
        spec.securityContext?.seccompProfile?.type === 'Unconfined',
        'securityContext.seccompProfile',
        'system calls are unconfined',
        'write RuntimeDefault',
      ),
  ],
  container: [
    ({ securityContext }) =>
      breach(securityContext?.privileged, 'securityContext.privileged', 'it is privileged', 'take it out'),
    ({ securityContext }) =>
      (securityContext?.capabilities?.add ?? []).flatMap((capability) =>
        breach(
          !BASELINE_CAPABILITIES.has(capability),
          'securityContext.capabilities.add',
          `it adds ${capability}`,
          'take it out',
        ),
      ),
    ({ ports }) =>
      (ports ?? []).flatMap((port, index) =>
        breach(
          port.hostPort !== undefined && port.hostPort !== 0,
          `ports[${index}].hostPort`,
          'it takes a port of the host',
          'use a Service',
        ),
      ),
    ({ securityContext }) =>
      breach(
        securityContext?.procMount !== undefined && securityContext.procMount !== 'Default',
        'securityContext.procMount',
        'it unmasks /proc',
        'take it out',
      ),
  ],
}

const RESTRICTED: typeof BASELINE = {
  pod: [
    (spec) =>
      (spec.volumes ?? []).flatMap((volume, index) =>
        Object.keys(volume)
          .filter((key) => key !== 'name' && !RESTRICTED_VOLUMES.has(key))
          .flatMap((kind) =>
            breach(true, `volumes[${index}].${kind}`, `a volume of kind ${kind}`, 'use a claim'),
          ),
      ),
    (spec) =>
      breach(
        spec.securityContext?.runAsUser === 0,
        'securityContext.runAsUser',
        'it runs as root',
        'give it a uid',
      ),
  ],
  container: [
    ({ securityContext }) =>
      breach(
        securityContext?.allowPrivilegeEscalation !== false,
        'securityContext.allowPrivilegeEscalation',
        'it may gain privileges',
        'write allowPrivilegeEscalation: false',
      ),
    ({ securityContext }) =>
      breach(
        !(securityContext?.capabilities?.drop ?? []).includes('ALL'),
        'securityContext.capabilities.drop',
        'it keeps capabilities',
        'write drop: [ALL]',
      ),
    ({ securityContext }) =>
      (securityContext?.capabilities?.add ?? []).flatMap((capability) =>
        breach(
          capability !== 'NET_BIND_SERVICE',
          'securityContext.capabilities.add',
          `it adds ${capability}`,
          'take it out',
        ),
      ),
    ({ securityContext }, spec) =>
      breach(
        (securityContext?.runAsNonRoot ?? spec.securityContext?.runAsNonRoot) !== true,
        'securityContext.runAsNonRoot',
        'it may run as root',
        'write runAsNonRoot: true',
      ),
    ({ securityContext }) =>
      breach(
        securityContext?.runAsUser === 0,
        'securityContext.runAsUser',
        'it runs as root',
        'give it a uid',
      ),
    ({ securityContext }, spec) =>
      breach(
        !['RuntimeDefault', 'Localhost'].includes(
          securityContext?.seccompProfile?.type ?? spec.securityContext?.seccompProfile?.type ?? '',
        ),
        'securityContext.seccompProfile',
        'system calls are not confined',
        'write type: RuntimeDefault',
      ),
  ],
}

/** Everything in a pod that its namespace's level forbids. */
export function breaches(spec: V1PodSpec, level: Level): Breach[] {
  const tables = level === 'privileged' ? [] : level === 'baseline' ? [BASELINE] : [BASELINE, RESTRICTED]
  return tables.flatMap(({ pod, container }) => [
    ...pod.flatMap((check) => check(spec)),
    ...containersOf(spec).flatMap(({ path, container: one }) =>
      container
        .flatMap((check) => check(one, spec))
        .map((found) => ({ ...found, field: `${path}.${found.field}` })),
    ),
  ])
}

/** Every namespace declares its PodSecurity level, and every pod keeps that of its namespace. */
export const podSecurity: Policy = (rendered) => {
  const levels = new Map(
    rendered
      .filter(({ object }) => object.kind === 'Namespace')
      .map(({ object }) => [object.metadata.name, object.metadata.labels?.[ENFORCE]]),
  )
  return rendered.flatMap((item) => [...undeclared(item), ...unlawful(item, levels)])
}

function undeclared(item: Rendered) {
  if (item.object.kind !== 'Namespace' || isLevel(item.object.metadata.labels?.[ENFORCE])) return []
  return [
    about(item, 'metadata.labels', {
      what: 'it declares no PodSecurity level',
      rule: 'every namespace enforces a level',
      mend: `add the label ${ENFORCE}: restricted`,
    }),
  ]
}

const isLevel = (text: string | undefined): text is Level =>
  text === 'privileged' || text === 'baseline' || text === 'restricted'

function unlawful(item: Rendered, levels: ReadonlyMap<string, string | undefined>) {
  const template = podTemplate(item.object)
  if (template === undefined) return []
  const given = levels.get(item.object.metadata.namespace ?? '')
  const level = isLevel(given) ? given : 'restricted'
  return breaches(template.spec, level).map(({ field, what, mend }) =>
    about(item, field, {
      what,
      rule: `namespace ${item.object.metadata.namespace} is ${level}`,
      mend,
    }),
  )
}
