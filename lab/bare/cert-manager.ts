import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { locate } from '../binaries/locate.ts'
import { moduleFolder } from '../binaries/modules.ts'
import type { BareLab } from './bare-lab.ts'

/** Where cert-manager's own authorities lie: its "cluster resource namespace", as its installation has it. */
export const CERT_MANAGER = 'cert-manager'

const MODULE = 'github.com/cert-manager/cert-manager'

/** Lays cert-manager's own definitions into a lab, makes its namespace, and starts it as an administrator. */
export async function startCertManager(lab: BareLab): Promise<void> {
  const folder = join(await moduleFolder('cert-manager', MODULE), 'deploy/crds')
  const files = readdirSync(folder).filter((name) => /^cert-manager\.io_.*\.yaml$/.test(name))
  const run = async (args: readonly string[]): Promise<void> => {
    const { code, stderr } = await lab.run(args)
    if (code !== 0) throw new Error(stderr)
  }
  await run(['apply', '--server-side', ...files.flatMap((name) => ['-f', join(folder, name)])])
  await run(['wait', '--for=condition=Established', ...files.flatMap((name) => ['-f', join(folder, name)])])
  await run(['create', 'namespace', CERT_MANAGER])
  const binaries = await locate(['cert-manager'])
  await lab.start(CERT_MANAGER, binaries.get('cert-manager') ?? '', [], {
    env: { KUBECONFIG: lab.kubeconfig, CLUSTER_RESOURCE_NAMESPACE: CERT_MANAGER },
  })
}
