import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Machine } from '../machine/machine.ts'
import type { Pc } from './plan.ts'

const FILE = 'pod-routes'

const Nodes = z.object({
  items: z.array(
    z.object({ metadata: z.object({ name: z.string() }), spec: z.object({ podCIDR: z.string() }) }),
  ),
})

/**
 * Notes by which PC the pods of each are reached (`nodes` is what the API server says of them, JSON), and routes the
 * machine there: what stands beside the PCs in the room's network, such as its Git server, can answer pods.
 */
export async function notePodRoutes(machine: Machine, pcs: readonly Pc[], nodes: string): Promise<void> {
  const lines = Nodes.parse(JSON.parse(nodes)).items.flatMap(({ metadata, spec }) => {
    const pc = pcs.find(({ name }) => name === metadata.name)
    return pc ? [`${spec.podCIDR} ${pc.address}\n`] : []
  })
  writeFileSync(join(machine.share, FILE), lines.join(''))
  await routeToPods(machine)
}

/** Routes go with the room's bridge, which goes with the last PC that is switched off: whoever boots one renews them. */
export async function routeToPods(machine: Machine): Promise<void> {
  const each = `while read -r pods pc; do ip route replace "$pods" via "$pc"; done </share/${FILE}`
  await machine.must(['sh', '-c', `[ ! -e /share/${FILE} ] || ${each}`])
}
