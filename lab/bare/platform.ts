import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { NODE_FLAGS } from '../../charts/kit/pods.ts'
import { NAMESPACES, WEBHOOK } from '../../config/names.ts'
import { applyFolder } from '../manifests/apply.ts'
import { renderWith } from '../manifests/render.ts'
import { freePorts } from '../network/ports.ts'
import { until } from '../run/readiness.ts'
import { logTail, runs } from '../run/run.ts'
import type { BareLab } from './bare.ts'
import { openCredentials, WEBHOOK_CALLER } from './credentials.ts'
import type { LabLdap } from './ldap.ts'
import { makeSecrets } from './secrets.ts'

/** Where the platform's programs listen in a bare lab, all on 127.0.0.1. */
const Ports = z.object({
  webhook: z.number(),
  webhookHealth: z.number(),
  syncHealth: z.number(),
  keeperHealth: z.number(),
})
type Ports = z.infer<typeof Ports>

/** The platform as it runs in a bare lab: `dist/` applied, its programs as processes, acting as their accounts. */
export interface Platform {
  /** Path of the rendered folder that was applied. */
  readonly dist: string
  /** `http://127.0.0.1:PORT` with /healthz, /readyz and /metrics. */
  readonly webhookHealth: string
  readonly syncHealth: string
  /** Starts the program again, with these variables over its own, and waits until it is ready. */
  start(program: Program, env?: Readonly<Record<string, string>>): Promise<void>
  stop(program: Program, signal?: NodeJS.Signals): Promise<void>
}

const PROGRAMS = ['certificate-keeper', 'webhook', 'identity-sync'] as const
export type Program = (typeof PROGRAMS)[number]

const root = join(import.meta.dirname, '..', '..')

/** Applies everything and starts the programs. The lab must run with LDAP. */
export async function startPlatform(
  lab: BareLab,
  progress: (line: string) => void = () => {},
): Promise<Platform> {
  const ldap = needLdap(lab)
  const [webhook = 0, webhookHealth = 0, syncHealth = 0, keeperHealth = 0] = await freePorts(4)
  const ports = { webhook, webhookHealth, syncHealth, keeperHealth }
  const dist = join(lab.dir, 'dist')
  renderWith(JSON.stringify({ ldap: { url: ldap.url } }), dist)
  const problems = await applyFolder(lab, dist, {
    webhookUrl: `https://127.0.0.1:${webhook}${WEBHOOK.path}`,
    progress,
  })
  if (problems.length > 0) throw new Error(`the API server complained:\n${problems.join('\n')}`)
  await makeSecrets(lab, ldap)
  writeFileSync(join(lab.dir, 'platform.json'), JSON.stringify(ports))
  const platform = attachPlatform(lab, ports)
  // A platform that ran here before listens elsewhere: its programs give way.
  await Promise.all(PROGRAMS.map((program) => endIfThere(lab, program)))
  progress(
    'starting the keeper of certificates, the webhook and the identity sync, each as its own ServiceAccount',
  )
  await Promise.all(PROGRAMS.map((program) => platform.start(program)))
  return platform
}

async function endIfThere(lab: BareLab, program: Program): Promise<void> {
  if (runs(lab.dir, program)) await lab.stop(program)
}

/** The platform that `startPlatform` began in this lab, for another process. */
export function openPlatform(lab: BareLab): Platform {
  return attachPlatform(lab, Ports.parse(JSON.parse(readFileSync(join(lab.dir, 'platform.json'), 'utf8'))))
}

function needLdap(lab: BareLab): LabLdap {
  if (lab.ldap === undefined) throw new Error(`the lab "${lab.name}" has no LDAP: npm run lab -- up --ldap`)
  return lab.ldap
}

function attachPlatform(lab: BareLab, ports: Ports): Platform {
  const health = (port: number) => `http://127.0.0.1:${port}`
  const at = {
    webhook: health(ports.webhookHealth),
    'identity-sync': health(ports.syncHealth),
    'certificate-keeper': health(ports.keeperHealth),
  }
  return {
    dist: join(lab.dir, 'dist'),
    webhookHealth: at.webhook,
    syncHealth: at['identity-sync'],
    async start(program, over = {}) {
      const { script, env } = programOf(program, ports, lab)
      const kubeconfig = await lab.actAs(NAMESPACES.system, program)
      await lab.start(program, process.execPath, [...NODE_FLAGS, join(root, script)], {
        cwd: root,
        env: { ...env, ...over, KUBECONFIG: kubeconfig },
      })
      await ready(lab, program, `${at[program]}/readyz`)
      if (program === 'webhook') await trusted(lab)
    },
    stop: (program, signal) => lab.stop(program, signal),
  }
}

function programOf(program: Program, ports: Ports, lab: BareLab) {
  switch (program) {
    case 'webhook':
      return webhookProgram(ports, lab)
    case 'identity-sync':
      return syncProgram(ports, needLdap(lab))
    case 'certificate-keeper':
      return keeperProgram(ports)
  }
}

/** People call the gateway of a bare lab by this name. */
const keeperProgram = (ports: Ports) => ({
  script: 'certificates/keeper/main.ts',
  env: {
    DESKFLEET_DOOR_NAMES: 'localhost',
    DESKFLEET_WEBHOOK_NAMES: '127.0.0.1',
    DESKFLEET_METRICS_LISTEN: `127.0.0.1:${ports.keeperHealth}`,
  },
})

const webhookProgram = (ports: Ports, lab: BareLab) => ({
  script: 'webhook/main.ts',
  env: webhookEnvironment(ports.webhook, ports.webhookHealth, lab),
})

/** What a webhook of this lab is told, that serves at one port of 127.0.0.1 and shows its health at another. */
export const webhookEnvironment = (port: number, healthPort: number, { dir }: BareLab) => ({
  DESKFLEET_LISTEN: `127.0.0.1:${port}`,
  DESKFLEET_METRICS_LISTEN: `127.0.0.1:${healthPort}`,
  DESKFLEET_DRAIN_SECONDS: '1',
  DESKFLEET_CALLER: WEBHOOK_CALLER,
  DESKFLEET_CALLER_AUTHORITY_FILE: openCredentials(dir).file('cluster-ca', 'crt'),
})

const syncProgram = (ports: Ports, ldap: LabLdap) => ({
  script: 'directory/sync/main.ts',
  env: {
    DESKFLEET_LDAP_URL: ldap.url,
    DESKFLEET_LDAP_BASE_DN: ldap.baseDN,
    DESKFLEET_LDAP_BIND_DN: ldap.readerDN,
    DESKFLEET_LDAP_PASSWORD_FILE: ldap.readerPasswordFile,
    DESKFLEET_LDAP_CA_FILE: ldap.caFile,
    DESKFLEET_METRICS_LISTEN: `127.0.0.1:${ports.syncHealth}`,
  },
})

const PATIENCE = 30_000

async function ready(lab: BareLab, program: Program, url: string): Promise<void> {
  let last = 'no answer'
  const answers = async (): Promise<boolean> => {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
      if (response.ok) return true
      last = await response.text()
    } catch (error) {
      last = error instanceof Error ? error.message : String(error)
    }
    return false
  }
  const outcome = await until(`the ${program}`, PATIENCE, answers, () => runs(lab.dir, program))
  if (outcome.ready) return
  throw new Error(`${outcome.reason} (${last}); the end of its log:\n${logTail(lab.dir, program, 12)}`)
}

/** The API server calls the webhook only once its owner has published the certificate. */
async function trusted(lab: BareLab): Promise<void> {
  const path = 'jsonpath={.webhooks[0].clientConfig.caBundle}'
  const get = ['get', 'mutatingwebhookconfiguration', WEBHOOK.configuration, '-o', path]
  const isSet = async (): Promise<boolean> => (await lab.run(get)).stdout !== ''
  const outcome = await until(`caBundle in ${WEBHOOK.configuration}`, PATIENCE, isSet, () => true)
  if (!outcome.ready) throw new Error(outcome.reason)
}
