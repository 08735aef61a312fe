import type { Cluster } from '../kubectl/cluster.ts'
import type { LabLdap } from './ldap.ts'

/** A running bare lab: a real control plane on loopback, and what was added to it. */
export interface BareLab extends Cluster {
  readonly ldap: LabLdap | undefined
  /** Path of a kubeconfig that acts as that ServiceAccount, which must exist; its token is good for a day. */
  actAs(namespace: string, serviceAccount: string): Promise<string>
  /** Path of a kubeconfig that acts as a plain user, by a client certificate for that name and those groups. */
  actAsUser(user: string, groups?: readonly string[]): Promise<string>
}
