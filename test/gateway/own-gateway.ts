import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { pino } from 'pino'
import { NAMESPACES } from '../../config/names.ts'
import { openGateway } from '../../gateway/service.ts'
import { readSettings } from '../../gateway/settings.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { openService } from '../../service/service.ts'
import { ownProgram } from '../harness/program-context.ts'
import { becomes } from '../harness/wait.ts'

/** A replica of the gateway in this process, acting in the lab as its own account. */
export interface OwnGateway {
  readonly origin: string
  /** Where the ingress asks, if it does. */
  readonly entrancePort: number | undefined
  readonly metrics: string
  end(): Promise<void>
}

/** Where desktops are dialled in tests: by slug, 127.0.0.1 at that port. */
export const ports = new Map<string, number>()

const ROOM = { atMost: 50, language: 'en_US', keyboard: 'us', timeZone: 'Etc/UTC' }

export const TEMPLATES = ['office', 'light'].map((name) => ({
  name,
  title: name === 'office' ? 'Office desktop' : 'Light desktop for old PCs',
  image: 'desktop',
  resources: { cpu: '250m', memory: '512Mi', memoryLimit: '2Gi' },
  screen: '1280x800',
  idle: '30m',
  requires: {},
  groups: name === 'office' ? ['people'] : ['administrators'],
}))

interface GatewayOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly desktops?: object
  readonly templates?: readonly object[]
  /** Of the room, that people reach. */
  readonly services?: readonly object[]
}

/** What a gateway of this lab is told; it takes any free port. */
export function gatewayEnvironment(
  lab: BareLab,
  name: string,
  { env = {}, desktops = {}, templates = TEMPLATES, services = [] }: GatewayOptions = {},
): Record<string, string> {
  const { ldap } = lab
  if (!ldap) throw new Error('the lab has no LDAP')
  const offerFile = join(lab.dir, 'tmp', `offer-${name}.json`)
  writeFileSync(
    offerFile,
    JSON.stringify({
      registry: 'registry.room.example.org:5000',
      images: {},
      desktops: { ...ROOM, ...desktops },
      templates,
      services,
    }),
  )
  return {
    DESKFLEET_LISTEN: '127.0.0.1:0',
    DESKFLEET_METRICS_LISTEN: '127.0.0.1:0',
    DESKFLEET_HOSTS: 'localhost',
    DESKFLEET_LDAP_URL: ldap.url,
    DESKFLEET_LDAP_BASE_DN: ldap.baseDN,
    DESKFLEET_LDAP_BIND_DN: ldap.readerDN,
    DESKFLEET_LDAP_PASSWORD_FILE: ldap.readerPasswordFile,
    DESKFLEET_LDAP_CA_FILE: ldap.caFile,
    DESKFLEET_OFFER_FILE: offerFile,
    DESKFLEET_ASK_SECONDS: '1',
    DESKFLEET_DRAIN_SECONDS: '0',
    ...env,
  }
}

export async function ownGateway(
  lab: BareLab,
  name: string,
  options: GatewayOptions = {},
): Promise<OwnGateway> {
  const read = readSettings(gatewayEnvironment(lab, name, options))
  if ('faults' in read) throw new Error(read.faults.join('\n'))
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromFile(await lab.actAs(NAMESPACES.system, 'gateway'))
  const log = pino(
    { level: 'debug', base: { replica: name } },
    pino.destination(join(lab.dir, `gateway-${name}.log`)),
  )
  const program = ownProgram(read.settings, log, `${name}-${process.pid}`)
  const context = await openService(program.context)
  const addressOf = ({ slug }: { readonly slug: string }) => ({
    host: '127.0.0.1',
    port: ports.get(slug) ?? 1,
  })
  const { port, entrancePort } = await openGateway(context, { cluster: kubeConfig, addressOf })
  const metrics = `http://127.0.0.1:${context.metricsPort}`
  const file = join(lab.dir, `gateway-${name}.log`)
  const readiness = async (): Promise<string> => {
    const answer = await fetch(`${metrics}/readyz`)
    return answer.status === 200
      ? 'ready'
      : `${await answer.text()}\n${readFileSync(file, 'utf8').slice(-2000)}`
  }
  await becomes('the gateway', readiness, 'ready', { seconds: 60 })
  return {
    origin: `https://localhost:${port}`,
    entrancePort,
    metrics,
    end: program.end,
  }
}
