import { Chart, Testing } from 'cdk8s'
import { identityDefinition } from '../../charts/identity/definition.ts'
import { API_GROUP, IDENTITY } from '../../config/names.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { must } from './lab.ts'
import { eventually } from './wait.ts'

/**
 * Defines Identity in a lab that has no platform, and waits until the API server serves it. Not by `kubectl wait`: of a
 * definition so young that it has no conditions at all it says an error.
 */
export async function defineIdentities(lab: BareLab): Promise<void> {
  const chart = new Chart(Testing.app(), 'definition')
  identityDefinition(chart)
  await must(lab, ['apply', '-f', '-'], chart.toJson()[0])
  const resource = `${IDENTITY.plural}.${API_GROUP}`
  await eventually('Identity is served', async () => (await lab.run(['get', resource])).code === 0)
}
