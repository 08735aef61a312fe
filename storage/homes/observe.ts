import type { Problem } from '../problem.ts'
import { asOne, unsaid } from './beside.ts'
import type { HomesCluster } from './cluster.ts'
import type { Observed } from './facts.ts'
import type { Opened } from './opened.ts'

/** Reads the cluster and the storage directory; where that could not be opened, `storage` says why. */
export async function observe(cluster: HomesCluster, opened: Opened | Problem): Promise<Observed> {
  // People first: whoever is published while the rest is read is simply made in the next pass.
  const people = await cluster.people()
  const [volumes, claims] = await Promise.all([cluster.volumes(), cluster.claims()])
  if ('reason' in opened) return { people, disk: { state: 'failed', problem: opened }, volumes, claims }
  const { storage, both } = opened
  if (both === undefined) return { people, disk: await storage.look(), volumes, claims }
  const { places } = both
  const [from, here] = await Promise.all([both.from.look(), both.here.look()])
  const held = new Set([...places.of.values()].flatMap((one) => (one.held ? [one.name] : [])))
  return {
    people,
    disk: asOne({ from, here }, places),
    volumes,
    claims,
    held,
    unsaid: unsaid({ from, here }, people, places),
  }
}
