import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { NODE_FLAGS } from '../charts/kit/pods.ts'
import { NAMESPACES, WEBHOOK } from '../config/names.ts'
import { applyFolder } from './apply.ts'
import type { BareLab } from './bare.ts'
import type { LabLdap } from './ldap.ts'
import { freePorts } from './ports.ts'
import { renderWith } from './render.ts'
import { runs } from './run.ts'
import { makeSecrets } from './secrets.ts'

/** Where the platform's programs listen in a bare lab, all on 127.0.0.1. */
const Ports = z.object({
  webhook: z.number(),
  webhookHealth: z.number(),
  syncHealth: z.number(),
})
type Ports = z.infer<typeof Ports>

/** The platform as it runs in a bare lab: `dist/` applied, its programs as processes, acting as their accounts. */
export interface Platform {
  /** Path of the rendered folder that was applied. */
  readonly dist: string
  /** `http://127.0.0.1:PORT` with /healthz, /readyz and /metrics. */
  readonly webhookHealth: string
  readonly syncHealth: string
  /** Starts the program again, and waits until it is ready. */
  start(program: Program): Promise<void>
  stop(program: Program, signal?: NodeJS.Signals): Promise<void>
}

export type Program = 'webhook' | 'identity-sync'

const root = join(import.meta.dirname, '..')

/** Applies everything and starts the programs. The lab must run with LDAP. */
export async function startPlatform(
  lab: BareLab,
  progress: (line: string) => void = () => {},
): Promise<Platform> {
  const ldap = needLdap(lab)
  const [webhook = 0, webhookHealth = 0, syncHealth = 0] = await freePorts(3)
  const ports = { webhook, webhookHealth, syncHealth }
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
  await Promise.all([endIfThere(lab, 'webhook'), endIfThere(lab, 'identity-sync')])
  progress('starting the webhook and the identity sync, each as its own ServiceAccount')
  await Promise.all([platform.start('webhook'), platform.start('identity-sync')])
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
  const at = { webhook: health(ports.webhookHealth), 'identity-sync': health(ports.syncHealth) }
  return {
    dist: join(lab.dir, 'dist'),
    webhookHealth: at.webhook,
    syncHealth: at['identity-sync'],
    async start(program) {
      const { script, env } =
        program === 'webhook' ? webhookProgram(ports) : syncProgram(ports, needLdap(lab))
      const kubeconfig = await lab.actAs(NAMESPACES.system, program)
      await lab.start(program, process.execPath, [...NODE_FLAGS, join(root, script)], {
        cwd: root,
        env: { ...env, KUBECONFIG: kubeconfig },
      })
      await ready(`${at[program]}/readyz`, join(lab.dir, `${program}.log`))
      if (program === 'webhook') await trusted(lab)
    },
    stop: (program, signal) => lab.stop(program, signal),
  }
}

const webhookProgram = (ports: Ports) => ({
  script: 'webhook/main.ts',
  env: {
    DESKFLEET_LISTEN: `127.0.0.1:${ports.webhook}`,
    DESKFLEET_METRICS_LISTEN: `127.0.0.1:${ports.webhookHealth}`,
    DESKFLEET_EXTRA_NAMES: '127.0.0.1',
    DESKFLEET_DRAIN_SECONDS: '1',
  },
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

async function ready(url: string, log: string): Promise<void> {
  const until = Date.now() + PATIENCE
  let last = 'no answer'
  while (Date.now() < until) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(2000) })
      if (response.ok) return
      last = await response.text()
    } catch (error) {
      last = error instanceof Error ? error.message : String(error)
    }
    await sleep(100)
  }
  const end = readFileSync(log, 'utf8').split('\n').slice(-12).join('\n')
  throw new Error(`${url} is not ready after ${PATIENCE / 1000} s (${last}); the end of ${log}:\n${end}`)
}

/** The API server calls the webhook only once its owner has published the certificate. */
async function trusted(lab: BareLab): Promise<void> {
  const until = Date.now() + PATIENCE
  const path = 'jsonpath={.webhooks[0].clientConfig.caBundle}'
  while (Date.now() < until) {
    const { stdout } = await lab.run([
      'get',
      'mutatingwebhookconfiguration',
      WEBHOOK.configuration,
      '-o',
      path,
    ])
    if (stdout !== '') return
    await sleep(100)
  }
  throw new Error(`nobody set caBundle in ${WEBHOOK.configuration} within ${PATIENCE / 1000} s`)
}
