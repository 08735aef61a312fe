import type { Problem } from '../problem.ts'
import type { HomesCluster } from './cluster.ts'
import type { OpenStorage } from './disk.ts'
import type { Observed } from './facts.ts'

/** Reads the cluster and the storage directory; where that could not be opened, `storage` says why. */
export async function observe(cluster: HomesCluster, storage: OpenStorage | Problem): Promise<Observed> {
  // People first: whoever is published while the rest is read is simply made in the next pass.
  const people = await cluster.people()
  const [volumes, claims] = await Promise.all([cluster.volumes(), cluster.claims()])
  const disk = 'reason' in storage ? { state: 'failed' as const, problem: storage } : await storage.look()
  return { people, disk, volumes, claims }
}
