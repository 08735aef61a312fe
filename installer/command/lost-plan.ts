import { AUTHORITY, LDAP, NAMESPACES } from '../../config/names.ts'

/** What is done about a PC that was stolen, and what is left to its administrator: pure. */

/** All that the plan rests on. */
export interface LostFacts {
  readonly name: string
  /** Its Node; undefined where the room has none of it any more. */
  readonly node: { readonly ready: boolean; readonly master: boolean; readonly brick: boolean } | undefined
  /** Pods on it, with the Secrets that they mount, read into their environment or pull images by. */
  readonly pods: readonly PodOnIt[]
  /** Whether API servers refuse its certificate already. */
  readonly shutOut: boolean
  /** Whether it is the one although it answers. */
  readonly insists: boolean
}

export interface PodOnIt {
  readonly namespace: string
  readonly name: string
  readonly secrets: readonly string[]
}

export type LostStep = 'shut-out' | 'delete-pods' | 'delete-node'

/** Something of the room that somebody else has now. */
export interface Exposed {
  readonly what: string
  readonly mend: string
}

export type LostPlan =
  | { readonly ok: true; readonly steps: readonly LostStep[]; readonly exposed: readonly Exposed[] }
  | { readonly ok: false; readonly refusal: string; readonly mend: string }

/**
 * The certificate of its kubelet lasts on, and Kubernetes has no list of those that count no more: so API servers are told to
 * refuse it, before its Node goes, which it could make anew by it. With the Node its key in the Gluster pool is refused
 * (certificates/keeper), and what its pods may read is nobody's to read any more.
 */
export function planLost(facts: LostFacts): LostPlan {
  const { name, node, pods, shutOut, insists } = facts
  if (node?.ready && !insists)
    return {
      ok: false,
      refusal: `${name} speaks to the room this very moment, as a PC that was carried away does not`,
      mend: `to retire a PC: npx deskfleet storage retire ${name}; if somebody else has it while it runs: --although-ready`,
    }
  const steps: LostStep[] = [
    ...(shutOut ? [] : (['shut-out'] as const)),
    ...(pods.length > 0 ? (['delete-pods'] as const) : []),
    // Of a master the orchestrator removes the member of etcd first, and then the Node.
    ...(node === undefined || node.master ? [] : (['delete-node'] as const)),
  ]
  return { ok: true, steps, exposed: exposedBy(facts) }
}

/** Secrets by which programs are known, and the authority that must give way so that nobody believes them. */
const SIGNED_BY: Readonly<Record<string, 'inside' | 'door'>> = {
  [`${NAMESPACES.system}/${AUTHORITY.webhookSecret}`]: 'inside',
  [`${NAMESPACES.system}/${AUTHORITY.callerSecret}`]: 'inside',
  [`${NAMESPACES.directory}/${LDAP.tlsSecret}`]: 'inside',
  [`${NAMESPACES.system}/${AUTHORITY.gatewaySecret}`]: 'door',
  [`${NAMESPACES.system}/${AUTHORITY.ingressSecret}`]: 'door',
}
const GIVES_WAY = {
  inside: 'npx deskfleet certificates rotate inside',
  door: 'npx deskfleet certificates root prepare, then switch: docs/door.md#another-root',
}

/** What lay on its disk, and then what it had in memory, which is gone where it was carried away without power. */
function exposedBy({ node, pods }: LostFacts): Exposed[] {
  const held = [
    ...new Set(pods.flatMap(({ namespace, secrets }) => secrets.map((one) => `${namespace}/${one}`))),
  ].sort()
  const kept = (['inside', 'door'] as const).flatMap((authority): Exposed[] => {
    const leaves = held.filter((secret) => SIGNED_BY[secret] === authority)
    return leaves.length === 0 ? [] : [{ what: inMemory(leaves), mend: GIVES_WAY[authority] }]
  })
  // A desktop's own are new at each start.
  const others = held.filter(
    (one) => SIGNED_BY[one] === undefined && !one.startsWith(`${NAMESPACES.desktops}/`),
  )
  return [
    ...(node?.master ? [OF_A_MASTER] : []),
    OF_THE_REGISTRY,
    ...(node?.brick === false ? [] : [OF_ITS_BRICK]),
    ...(pods.some(({ namespace, name }) => namespace === NAMESPACES.directory && /^ldap-\d+$/.test(name))
      ? [OF_THE_DIRECTORY]
      : []),
    ...kept,
    ...(others.length === 0
      ? []
      : [{ what: inMemory(others), mend: 'make them anew: docs/secrets.md says how' }]),
  ]
}

const inMemory = (secrets: readonly string[]): string =>
  `its pods had ${secrets.join(', ')}: in memory, so this counts if it ran when somebody got at it`

const OF_A_MASTER: Exposed = {
  what: 'it was a master: on its disk are the keys of the cluster itself, and all Secrets; whoever reads them can be anybody',
  mend: 'npx deskfleet masters status says when another PC has taken its place; then docs/recover.md#a-stolen-pc',
}
const OF_THE_REGISTRY: Exposed = {
  what: 'on its disk is the login of all PCs at the registry',
  mend: 'give the PCs another one: docs/operate.md#your-registry',
}
const OF_ITS_BRICK: Exposed = {
  what: 'if it gave a disk to the storage, files of people are on that, and whoever has the disk can read them',
  mend: 'tell the people: passwords and keys that they kept in their homes they change',
}
const OF_THE_DIRECTORY: Exposed = {
  what: 'an LDAP server ran on it: where ldap.disk is pc, the names of all people and the hashes of their passwords are on its disk',
  mend: 'have everybody choose another password, and make those of the directory’s own accounts anew: docs/secrets.md',
}
