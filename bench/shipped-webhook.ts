import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { WEBHOOK_ENV, WEBHOOK_FLAGS } from '../charts/webhook.ts'
import { NAMESPACES } from '../config/names.ts'
import type { BareLab } from '../lab/bare/bare.ts'
import type { Shipped } from './shipped.ts'

const Ports = z.object({ webhook: z.number(), webhookHealth: z.number(), syncHealth: z.number() })

/** Where the lab's platform listens: what is measured takes its programs' places. */
export const portsOf = (lab: BareLab) =>
  Ports.parse(JSON.parse(readFileSync(join(lab.dir, 'platform.json'), 'utf8')))

/** The webhook as images have it, where the lab's API server calls it. Anybody may call. */
export async function startWebhook(lab: BareLab, shipped: Shipped) {
  const { webhook: port, webhookHealth } = portsOf(lab)
  const env = {
    ...WEBHOOK_ENV,
    KUBECONFIG: await lab.actAs(NAMESPACES.system, 'webhook'),
    DESKFLEET_LISTEN: `127.0.0.1:${port}`,
    DESKFLEET_METRICS_LISTEN: `127.0.0.1:${webhookHealth}`,
    DESKFLEET_DRAIN_SECONDS: '0',
  }
  const process = shipped.start('webhook/main.ts', { flags: WEBHOOK_FLAGS, env })
  return {
    process,
    port,
    ready: () => until(webhookHealth, '/readyz', () => true),
    knows: (count: number) =>
      until(webhookHealth, '/metrics', (text) => metric(text, 'deskfleet_webhook_identities') === count),
  }
}

/** A figure of a text of metrics, by its name with its labels. */
export const metric = (text: string, name: string): number | undefined => {
  const line = text.split('\n').find((one) => one.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.slice(name.length + 1))
}

/** Asks until the answer is one that will do; the text of it. */
export async function until(port: number, path: string, good: (text: string) => boolean): Promise<string> {
  const end = performance.now() + 900_000
  while (performance.now() < end) {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined)
    const text = (await answer?.text()) ?? ''
    if (answer?.ok && good(text)) return text
    await sleep(500)
  }
  throw new Error(`${path} at ${port} never said what was waited for`)
}
