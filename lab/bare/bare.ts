import { locate } from '../binaries/locate.ts'
import { addServers } from '../gluster/gluster.ts'
import { WIRE } from '../gluster/wire.ts'
import * as life from '../run/life.ts'
import { addHollowNodes, addLdap } from './additions.ts'
import { apiFault, attach } from './attach.ts'
import type { BareLab } from './bare-lab.ts'
import { startControlPlane } from './control-plane.ts'
import { crdFolder } from './crds.ts'
import { makeCredentials } from './credentials.ts'
import { furnish } from './furnish.ts'

export type { RunOptions } from '../kubectl/kubectl.ts'
export type { CallResult as RunResult } from '../programs/call.ts'
export { abandon, down } from '../run/life.ts'
export type { StartOptions } from '../run/run.ts'
export type { BareLab } from './bare-lab.ts'

export interface UpOptions extends life.RunWish {
  /** How many hollow nodes the lab shall have (kubemark's kubelets); default 0. */
  readonly hollow?: number
  readonly ldap?: boolean
  /** How many PCs with a disk and a real glusterd it shall have; default 0. */
  readonly gluster?: number
}

/** A control plane as processes on loopback. */
export const BARE_LAB: life.RunKind<UpOptions, BareLab> = {
  name: 'lab',
  // Whoever needs the API server goes before it, and it before etcd: otherwise each waits for what is gone.
  ending: { killedFirst: [WIRE], endedLast: ['kube-apiserver', 'etcd'] },
  undo: [],
  begin,
  faultOf: apiFault,
  async adapt(dir, { hollow = 0, ldap = false, gluster = 0 }, progress) {
    await addHollowNodes(dir, hollow, progress)
    if (ldap) await addLdap(dir, progress)
    await addServers(dir, gluster, progress)
  },
  attach,
}

/** Starts a lab, or attaches to the healthy one of that name, as `life.up` does it for every kind of run. */
export const up = (options: UpOptions): Promise<BareLab> => life.up(BARE_LAB, options)

/** Attaches to a running, healthy lab; undefined when there is none of that name. */
export const open = (name: string): Promise<BareLab | undefined> => life.open(BARE_LAB, name)

async function begin(dir: string, _wish: UpOptions, progress: (line: string) => void): Promise<life.Begun> {
  const sources = { assets: process.env.KUBEBUILDER_ASSETS, progress }
  const [binaries, definitions] = await Promise.all([
    locate(['etcd', 'control-plane'], sources),
    crdFolder(undefined, progress),
  ])
  const binary = (name: string): string => binaries.get(name) ?? name
  const kubectl = binary('kubectl')
  progress('starting etcd, API server, controller manager and scheduler')
  const credentials = await makeCredentials(dir)
  const server = await startControlPlane(dir, credentials, binary, progress)
  progress('installing the custom resource definitions of Argo CD and Flux')
  await furnish(dir, server, credentials, kubectl, definitions)
  return { server, kubectl }
}
