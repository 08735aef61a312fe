import { BlockList, isIP } from 'node:net'
import { z } from 'zod'
import { NETWORK } from '../config/ipv4.ts'
import { LOG_LEVELS } from './log.ts'

/** An address to listen on. Port 0 takes a free one. */
export interface Listen {
  readonly host: string
  readonly port: number
}

export type Environment = Readonly<Record<string, string | undefined>>

/** What was read, or everything that is wrong: one sentence each, beginning with the variable. */
export type Read<S> = { readonly settings: S } | { readonly faults: readonly string[] }

/** Reads a program's settings out of its environment. Other variables are passed over; all faults are told at once. */
export function readSettings<S>(schema: z.ZodType<S>, environment: Environment): Read<S> {
  const read = schema.safeParse(environment)
  if (read.success) return { settings: read.data }
  return { faults: read.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`) }
}

/** `0.0.0.0:8443` or `[::1]:8443` */
export const listen = z.string().transform((text, context): Listen => {
  const at = text.lastIndexOf(':')
  const port = Number(text.slice(at + 1))
  const host = text.slice(0, at).replace(/^\[|\]$/g, '')
  if (at > 0 && isIP(host) && Number.isInteger(port) && port >= 0 && port <= 65_535) return { host, port }
  context.addIssue('is not an address and a port, as 0.0.0.0:8443')
  return z.NEVER
})

/** A comma-separated list, blank entries left out. */
const words = z.string().transform((text) =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean),
)

const DNS_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/

/** DNS names and IP addresses. */
export const names = words.transform((all, context) => {
  const odd = all.find((name) => !isIP(name) && !DNS_NAME.test(name))
  if (odd !== undefined)
    context.addIssue(`names ${JSON.stringify(odd)}, neither a DNS name nor an IP address`)
  return all
})

/** Networks as `10.0.0.0/8`, as they are written. */
export const networkList = words.transform((all, context) => {
  const odd = all.find((network) => !NETWORK.test(network))
  if (odd !== undefined)
    context.addIssue(`names ${JSON.stringify(odd)}, which is no network such as 10.0.0.0/8`)
  return all
})

/** Networks as `10.0.0.0/8`; an address alone is a network of one. */
export const networks = words.transform((all, context): BlockList => {
  const list = new BlockList()
  for (const network of all) {
    const [address = '', bits = isIP(address) === 6 ? '128' : '32'] = network.split('/')
    try {
      list.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4')
    } catch {
      context.addIssue(`names ${JSON.stringify(network)}, which is no network such as 10.0.0.0/8`)
    }
  }
  return list
})

/** A text without which the program cannot run. */
export const given = z.string('is missing; the pod has to set it').min(1, 'is empty; the pod has to set it')

/** Seconds in the environment, milliseconds in the program. */
export const seconds = (least: number, most = Number.MAX_SAFE_INTEGER) =>
  z.coerce
    .number('is not a number of seconds')
    .min(least, `is less than ${least} seconds`)
    .max(most, `is more than ${most} seconds`)
    .transform((value) => value * 1_000)

/** What every program reads. */
export const PROGRAM = {
  DESKFLEET_LOG_LEVEL: z.enum(LOG_LEVELS, `is not one of ${LOG_LEVELS.join(', ')}`).default('info'),
}

/** What every service reads besides: where health, readiness and metrics are served. */
export const SERVICE = { ...PROGRAM, DESKFLEET_METRICS_LISTEN: listen.prefault('0.0.0.0:9090') }
