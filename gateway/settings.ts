import { BlockList, isIP } from 'node:net'
import { z } from 'zod'
import { GATEWAY, NAMESPACES } from '../config/names.ts'
import type { Listen } from './listen/serve.ts'

/** What the environment decides. Times in ms. */
export interface Settings {
  readonly listen: Listen
  readonly metricsListen: Listen
  /** The names that browsers may call us by. The first is the room's own. */
  readonly hosts: readonly string[]
  /** Names of the certificate beside those. */
  readonly certificateNames: readonly string[]
  readonly ldap: {
    readonly url: string
    readonly baseDN: string
    readonly caFile: string
    readonly bindDN: string
    readonly passwordFile: string
  }
  /** JSON of the templates and limits (offer.ts). */
  readonly offerFile: string
  /** Whose PROXY headers are believed. */
  readonly believed: BlockList
  readonly startingAtOnce: number
  readonly askEvery: number
  /** How long open answers and screens may take to leave after SIGTERM. */
  readonly drain: number
  /** Bytes of one file that is sent to a desktop. */
  readonly longestUpload: number
}

const HARD_STOP_SECONDS = 25
/** Ours to be ended by, in ms after SIGTERM: before the kubelet's 30 s. */
export const HARD_STOP = HARD_STOP_SECONDS * 1000

const listen = z.string().transform((text, context): Listen => {
  const at = text.lastIndexOf(':')
  const port = Number(text.slice(at + 1))
  const host = text.slice(0, at).replace(/^\[|\]$/g, '')
  if (at > 0 && isIP(host) && Number.isInteger(port) && port >= 0 && port <= 65_535) return { host, port }
  context.addIssue('is not an address and a port, as 0.0.0.0:8443')
  return z.NEVER
})

const words = z.string().transform((text) =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean),
)

const NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/
const names = words.refine(
  (all) => all.every((name) => isIP(name) || NAME.test(name)),
  'holds no list of host names',
)

const networks = words.transform((all, context): BlockList => {
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

const given = z.string('is missing; the chart sets it').min(1, 'is empty; the chart sets it')

const Environment = z.object({
  DESKFLEET_LISTEN: listen.prefault(`0.0.0.0:${GATEWAY.port}`),
  DESKFLEET_METRICS_LISTEN: listen.prefault('0.0.0.0:9090'),
  DESKFLEET_HOSTS: given.pipe(names).refine((all) => all.length > 0, 'names no host'),
  DESKFLEET_EXTRA_NAMES: z.string().prefault('').pipe(names),
  DESKFLEET_LDAP_URL: given,
  DESKFLEET_LDAP_BASE_DN: given,
  DESKFLEET_LDAP_BIND_DN: given,
  DESKFLEET_LDAP_PASSWORD_FILE: given,
  DESKFLEET_LDAP_CA_FILE: given,
  DESKFLEET_OFFER_FILE: given,
  DESKFLEET_PROXY_FROM: z.string().prefault('').pipe(networks),
  DESKFLEET_STARTING_AT_ONCE: z.coerce.number().int().min(1).max(1000).prefault(8),
  DESKFLEET_ASK_SECONDS: z.coerce.number().min(1).max(60).prefault(15),
  DESKFLEET_DRAIN_SECONDS: z.coerce.number().min(0).max(HARD_STOP_SECONDS).prefault(8),
  DESKFLEET_LONGEST_UPLOAD_MIB: z.coerce.number().min(1).prefault(4096),
})

const SERVICE = `${GATEWAY.service}.${NAMESPACES.system}.svc`

/** Reads the environment, or says everything that is wrong in it. */
export function readSettings(
  environment: Readonly<Record<string, string | undefined>>,
): { settings: Settings } | { faults: string[] } {
  const read = Environment.safeParse(environment)
  if (!read.success) {
    return { faults: read.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`) }
  }
  const { data } = read
  return {
    settings: {
      listen: data.DESKFLEET_LISTEN,
      metricsListen: data.DESKFLEET_METRICS_LISTEN,
      hosts: data.DESKFLEET_HOSTS,
      certificateNames: [...data.DESKFLEET_HOSTS, SERVICE, ...data.DESKFLEET_EXTRA_NAMES],
      ldap: {
        url: data.DESKFLEET_LDAP_URL,
        baseDN: data.DESKFLEET_LDAP_BASE_DN,
        caFile: data.DESKFLEET_LDAP_CA_FILE,
        bindDN: data.DESKFLEET_LDAP_BIND_DN,
        passwordFile: data.DESKFLEET_LDAP_PASSWORD_FILE,
      },
      offerFile: data.DESKFLEET_OFFER_FILE,
      believed: data.DESKFLEET_PROXY_FROM,
      startingAtOnce: data.DESKFLEET_STARTING_AT_ONCE,
      askEvery: data.DESKFLEET_ASK_SECONDS * 1000,
      drain: data.DESKFLEET_DRAIN_SECONDS * 1000,
      longestUpload: data.DESKFLEET_LONGEST_UPLOAD_MIB * 1024 * 1024,
    },
  }
}
