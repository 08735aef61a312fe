import { randomBytes } from 'node:crypto'
import { KubeConfig } from '@kubernetes/client-node'
import { type BareLab, open, up } from '../../lab/bare.ts'

/** A lab for a test file: the shared one that DESKFLEET_LAB names, or one of its own that ends with the file. */
export interface OwnLab {
  readonly lab: BareLab
  readonly kubeConfig: KubeConfig
  end(): Promise<void>
}

export async function shared(): Promise<OwnLab> {
  const name = process.env.DESKFLEET_LAB
  const lab = name ? await open(name) : undefined
  if (name && !lab) throw new Error(`DESKFLEET_LAB names the lab "${name}", which does not run`)
  return lab ? { lab, kubeConfig: configOf(lab), end: async () => {} } : own()
}

/** Always an own one: for what a shared lab would disturb, or what would disturb it. */
export async function own(): Promise<OwnLab> {
  const name = `test-${randomBytes(3).toString('hex')}`
  const lab = await up({ name, ownerPid: process.pid })
  return { lab, kubeConfig: configOf(lab), end: () => lab.down() }
}

function configOf(lab: BareLab): KubeConfig {
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromFile(lab.kubeconfig)
  return kubeConfig
}

/** A name that no other test has. */
export const fresh = (): string => `t-${randomBytes(4).toString('hex')}`

/** Waits until it holds; a minute at most. */
export async function eventually(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 60_000
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within 60 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
