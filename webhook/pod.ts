import { z } from 'zod'
import { isRecord } from './sameness.ts'

/**
 * What the rules of the webhook read of a pod. Which other fields may be there at all, `fields.ts` decides on the raw
 * JSON; a patch adds to that, not to what is read here. `null` counts as absent, as Kubernetes counts it. Volumes,
 * mounts and variables are read with all their members, for all are judged.
 */
export type Pod = z.infer<typeof podSchema>
export type Container = z.infer<typeof containerSchema>
export type Mount = z.infer<typeof mountSchema>
export type Volume = z.infer<typeof volumeSchema>

const text = z.string().nullish()
const flag = z.boolean().nullish()
const number = z.number().nullish()
const seccompProfile = z.object({ type: text }).nullish()

const mountSchema = z.looseObject({
  name: z.string(),
  mountPath: z.string(),
  subPath: text,
  subPathExpr: text,
})
const secretName = z.object({ name: text }).nullish()

const containerSchema = z.object({
  securityContext: z
    .object({
      runAsUser: number,
      runAsGroup: number,
      runAsNonRoot: flag,
      privileged: flag,
      allowPrivilegeEscalation: flag,
      capabilities: z
        .object({ add: z.array(z.string()).nullish(), drop: z.array(z.string()).nullish() })
        .nullish(),
      seccompProfile,
    })
    .nullish(),
  volumeMounts: z.array(mountSchema).nullish(),
  volumeDevices: z.array(z.unknown()).nullish(),
  env: z
    .array(z.looseObject({ name: z.string(), valueFrom: z.object({ secretKeyRef: secretName }).nullish() }))
    .nullish(),
  envFrom: z.array(z.object({ secretRef: secretName })).nullish(),
})

const volumeSchema = z.looseObject({
  name: z.string(),
  persistentVolumeClaim: z.looseObject({ claimName: text }).nullish(),
  secret: z.looseObject({ secretName: text }).nullish(),
})

const containers = z.array(containerSchema).nullish()

const podSchema = z.object({
  metadata: z.object({
    labels: z.record(z.string(), z.string()).nullish(),
    annotations: z.record(z.string(), z.string()).nullish(),
  }),
  spec: z.object({
    securityContext: z
      .object({
        runAsUser: number,
        runAsGroup: number,
        runAsNonRoot: flag,
        supplementalGroups: z.array(z.number()).nullish(),
        supplementalGroupsPolicy: text,
        fsGroup: number,
        seccompProfile,
      })
      .nullish(),
    hostNetwork: flag,
    hostPID: flag,
    hostIPC: flag,
    nodeName: text,
    volumes: z.array(volumeSchema).nullish(),
    containers,
    initContainers: containers,
    ephemeralContainers: containers,
  }),
})

/** The pod with its spec as it came, or the first place where it is not shaped as one. */
export function readPod(raw: unknown): { pod: Pod; spec: unknown } | { fault: string } {
  const read = podSchema.safeParse(raw)
  if (read.success) return { pod: read.data, spec: isRecord(raw) ? raw.spec : undefined }
  const issue = read.error.issues[0]
  return { fault: `${issue?.path.join('.') || 'object'}: ${issue?.message}` }
}

/** A container and where it stands: `path` for people, `pointer` (RFC 6901) for patches. */
export interface Placed {
  readonly container: Container
  readonly path: string
  readonly pointer: string
}

/** Ephemeral containers only join a running pod, so a pod being created has none that could be equipped. */
export const EQUIPPED = ['containers', 'initContainers'] as const
export const EVERY = [...EQUIPPED, 'ephemeralContainers'] as const

export function placed(pod: Pod, lists: readonly (typeof EVERY)[number][]): Placed[] {
  return lists.flatMap((list) =>
    (pod.spec[list] ?? []).map((container, index) => ({
      container,
      path: `spec.${list}[${index}]`,
      pointer: `/spec/${list}/${index}`,
    })),
  )
}
