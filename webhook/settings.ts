import { isIP } from 'node:net'
import { z } from 'zod'
import { NAMESPACES, WEBHOOK } from '../config/names.ts'
import type { Listen } from './serve.ts'

/** What the environment decides. */
export interface Settings {
  readonly listen: Listen
  readonly metricsListen: Listen
  /** How long to go on answering after SIGTERM, in ms. */
  readonly drain: number
  /** What the served certificate is for: DNS names and IP addresses. */
  readonly names: readonly string[]
}

const HARD_STOP_SECONDS = 25

const listen = z.string().transform((text, context): Listen => {
  const at = text.lastIndexOf(':')
  const port = Number(text.slice(at + 1))
  const host = text.slice(0, at).replace(/^\[|\]$/g, '')
  if (at > 0 && isIP(host) && Number.isInteger(port) && port >= 0 && port <= 65_535) return { host, port }
  context.addIssue('is not an address and a port, as 0.0.0.0:8443')
  return z.NEVER
})

const DNS_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/

const names = z.string().transform((text, context): string[] => {
  const all = text
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean)
  const odd = all.find((name) => !isIP(name) && !DNS_NAME.test(name))
  if (odd !== undefined)
    context.addIssue(`names ${JSON.stringify(odd)}, neither a DNS name nor an IP address`)
  return all
})

const environmentSchema = z.object({
  DESKFLEET_LISTEN: listen.prefault(`0.0.0.0:${WEBHOOK.port}`),
  DESKFLEET_METRICS_LISTEN: listen.prefault('0.0.0.0:9090'),
  DESKFLEET_DRAIN_SECONDS: z.coerce.number().min(0).max(HARD_STOP_SECONDS).prefault(8),
  DESKFLEET_EXTRA_NAMES: names.prefault(''),
})

const SERVICE_NAME = `${WEBHOOK.service}.${NAMESPACES.system}.svc`

/** Ours to be ended by, in ms after SIGTERM: before the kubelet's 30 s. */
export const HARD_STOP = HARD_STOP_SECONDS * 1000

/** Reads the environment, or says everything that is wrong in it. */
export function readSettings(
  environment: Readonly<Record<string, string | undefined>>,
): { settings: Settings } | { faults: string[] } {
  const read = environmentSchema.safeParse(environment)
  if (!read.success) {
    return { faults: read.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`) }
  }
  const { data } = read
  return {
    settings: {
      listen: data.DESKFLEET_LISTEN,
      metricsListen: data.DESKFLEET_METRICS_LISTEN,
      drain: data.DESKFLEET_DRAIN_SECONDS * 1000,
      names: [SERVICE_NAME, `${SERVICE_NAME}.cluster.local`, ...data.DESKFLEET_EXTRA_NAMES],
    },
  }
}
