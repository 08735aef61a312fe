import { randomBytes } from 'node:crypto'
import { KubeConfig } from '@kubernetes/client-node'
import { type BareLab, open, up } from '../../lab/bare/bare.ts'

/** The lab that this test run shares, with the platform in it. */
export async function sharedLab(): Promise<BareLab> {
  const name = process.env.DESKFLEET_LAB
  if (name === undefined)
    throw new Error('these tests share a lab: run them by npm test, or set DESKFLEET_LAB')
  const lab = await open(name)
  if (lab === undefined) throw new Error(`the lab ${name} does not run`)
  return lab
}

/** A lab for a test file: the shared one that DESKFLEET_LAB names, or one of its own that ends with the file. */
export interface OwnLab {
  readonly lab: BareLab
  readonly kubeConfig: KubeConfig
  end(): Promise<void>
}

/** The shared lab where the run has one; else an own one. */
export async function sharedOrOwnLab(): Promise<OwnLab> {
  if (process.env.DESKFLEET_LAB === undefined) return await ownLab()
  const lab = await sharedLab()
  return { lab, kubeConfig: administrator(lab), end: async () => {} }
}

/** Always an own one: for what a shared lab would disturb, or what would disturb it. */
export async function ownLab(): Promise<OwnLab> {
  const name = `test-${randomBytes(3).toString('hex')}`
  const lab = await up({ name, ownerPid: process.pid })
  return { lab, kubeConfig: administrator(lab), end: () => lab.down() }
}

/** A kubeconfig that may do everything in the lab. */
export function administrator(lab: BareLab): KubeConfig {
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromFile(lab.kubeconfig)
  return kubeConfig
}

/** A name that no other test has. */
export const fresh = (): string => `t-${randomBytes(4).toString('hex')}`

/** Runs kubectl; resolves with what it printed. @throws with what it complained of. */
export async function must(lab: BareLab, args: readonly string[], input?: object): Promise<string> {
  const { code, stdout, stderr } = await lab.run(
    args,
    input === undefined ? {} : { input: JSON.stringify(input) },
  )
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`)
  return stdout
}
