import type { CoreV1Api, V1ConfigMap } from '@kubernetes/client-node'
import { unless } from '../../cluster/answer.ts'
import { swap } from '../../cluster/swap.ts'
import { CALLED_DIRECTORY_NAMES, DIRECTORY_NAMES, WEBHOOK_NAMES } from '../../config/certificate-names.ts'
import { GATEWAY_CALLER, ROOT_STEPS } from '../../config/names.ts'
import { type AuthorityKind, newAuthority } from '../authority.ts'
import { DamagedSecret, type Held, holdSigned, type Place, type Signed } from '../hold.ts'
import { judgeIntermediate, newIntermediate } from '../intermediate.ts'
import { type Pair, SIGNING } from '../issue.ts'
import { judgeLeaf, newCaller, newLeaf } from '../leaf.ts'
import { namesAllowed } from '../name-constraints.ts'
import { holdStanding, moved, type Standing, trustedIn } from '../standing.ts'
import { keepRevocations } from './departed.ts'
import { doorNames } from './door-names.ts'
import { KEPT, TRUST } from './places.ts'
import { holdPool } from './pool.ts'
import type { Settings } from './settings.ts'

/** What one pass found and did. */
export interface Passed {
  /** How the inner authority stands; undefined when it could not be had, or another one is in its place. */
  readonly inside: Standing | undefined
  /** What was made or made anew. */
  readonly changed: readonly (Place & Pick<Held, 'did'>)[]
  /** What the door's certificate leaves out, as its root may not vouch for it. */
  readonly beyond: readonly string[]
  /** How many certificates of the pool count no more since this pass. */
  readonly departed: number
  readonly failures: readonly unknown[]
  /** The certificates, by who serves with them or signs. */
  readonly certificates: ReadonlyMap<string, string>
}

/** The inner authority, whose certificates no person's machine trusts. */
export const INSIDE = { name: 'Deskfleet certificate authority', life: SIGNING.life } as const

/** How the inner authority stands at that moment: asked anew before each write, for another keeper may have moved it on. */
export const standingOf =
  (api: CoreV1Api, now: () => Date): (() => Promise<Standing>) =>
  async () =>
    (await holdStanding(api, KEPT.inside, INSIDE, now)).standing

/** Looks at everything that is kept, and makes what is absent or stale. One branch that fails leaves the other alone. */
export async function keepAll(
  api: CoreV1Api,
  settings: Pick<Settings, 'doorNames' | 'serviceNames' | 'webhookNames' | 'keepsInside' | 'keepsPool'>,
  now: () => Date,
): Promise<Passed> {
  const changed: (Place & Pick<Held, 'did'>)[] = []
  const certificates = new Map<string, string>()
  let beyond: readonly string[] = []
  let left = 0
  const noted = (place: Place, { pair, did }: Held): Pair => {
    if (did !== 'found') changed.push({ ...place, did })
    return pair
  }
  const inside = async (): Promise<Standing> => {
    const { standing, did } = await holdStanding(api, KEPT.inside, INSIDE, now)
    if (did === 'made') changed.push({ ...KEPT.inside, did })
    const again = standingOf(api, now)
    // Told before anything is signed: where it was never told, nobody may be shown what it vouches for.
    await tell(api, TRUST.inside, async () => ({ 'ca.crt': trustedIn(await again()) }))
    const keep = async (who: string, place: Place, wanted: (standing: Standing) => Signed): Promise<void> => {
      const held = await holdSigned(api, place, async () => wanted(await again()), now)
      certificates.set(who, noted(place, held).certificate)
    }
    const webhook = [...WEBHOOK_NAMES, ...settings.webhookNames]
    await keep('webhook', KEPT.webhook, ({ signs }) => leafOf(signs, webhook))
    // By it the gateway is known to the bridges of desktops, which are told what to check it by.
    await keep('gateway-caller', KEPT.caller, (current) => ({
      fresh: (at) => newCaller(current.signs, GATEWAY_CALLER, at),
      judge: (pair, at) => judgeLeaf(pair, current.signs, [GATEWAY_CALLER], at),
      beside: { 'ca.crt': trustedIn(current) },
    }))
    await keep('directory', KEPT.directory, (current) => ({
      fresh: (at) => newLeaf(current.signs, DIRECTORY_NAMES, at),
      judge: (pair, at) => judgeLeaf(pair, current.signs, CALLED_DIRECTORY_NAMES, at),
      beside: { 'ca.crt': trustedIn(current) },
    }))
    const { signs, next, former } = standing
    certificates.set('authority-inside', signs.certificate)
    if (next) certificates.set('authority-inside-next', next.certificate)
    if (former) certificates.set('authority-inside-former', former)
    return standing
  }
  const door = async (): Promise<void> => {
    const wanted = settings.doorNames
    const kind = { name: `Deskfleet root of ${wanted[0]}`, names: wanted, root: true } as const
    const { standing, did } = await holdRoot(api, kind, now)
    const root = noted(KEPT.doorRoot, { pair: standing.signs, did })
    await tell(api, TRUST.doorRoot, async () => {
      const { standing: current } = await holdStanding(api, KEPT.doorRoot, kind, now)
      return { 'ca.crt': current.signs.certificate, 'next.crt': current.next?.certificate }
    })
    const allowed = doorNames(wanted, namesAllowed(root.certificate))
    if ('fault' in allowed) throw new DamagedSecret(KEPT.doorRoot, allowed.fault)
    beyond = allowed.beyond
    const below = {
      fresh: (at: Date) => newIntermediate(root, `Deskfleet authority of ${wanted[0]}`, at),
      judge: (pair: Pair, at: Date) => judgeIntermediate(pair, root, at),
    }
    const authority = noted(KEPT.door, await holdSigned(api, KEPT.door, async () => below, now))
    // Machines know the root alone, so the authority between is sent along.
    const chained = (names: readonly string[]): Signed => {
      const leaf = leafOf(authority, names)
      return {
        ...leaf,
        async fresh(at: Date) {
          const { certificate, key } = await leaf.fresh(at)
          return { certificate: certificate + authority.certificate, key }
        },
      }
    }
    const keep = async (who: string, place: Place, names: readonly string[]): Promise<void> => {
      const held = await holdSigned(api, place, async () => chained(names), now)
      certificates.set(who, noted(place, held).certificate)
    }
    await keep('gateway', KEPT.gateway, allowed.names)
    if (settings.serviceNames.length > 0) await keep('ingress', KEPT.ingress, settings.serviceNames)
    certificates.set('authority-door', authority.certificate)
    certificates.set('root-door', root.certificate)
    if (standing.next) certificates.set('root-door-next', standing.next.certificate)
  }
  const pool = async (): Promise<void> => {
    const { standing, did } = await holdPool(api, now)
    const { certificate } = noted(KEPT.pool, { pair: standing.signs, did })
    await tell(api, TRUST.pool, async () => ({ 'ca.crt': trustedIn((await holdPool(api, now)).standing) }))
    certificates.set('authority-pool', certificate)
    left = await keepRevocations(api, async () => (await holdPool(api, now)).standing.signs, now)
  }
  const [within, ...apart] = await Promise.allSettled([
    settings.keepsInside ? inside() : undefined,
    door(),
    settings.keepsPool ? pool() : undefined,
  ])
  return {
    inside: within.status === 'fulfilled' ? within.value : undefined,
    changed,
    beyond,
    departed: left,
    failures: [within, ...apart].flatMap((one) => (one.status === 'rejected' ? [one.reason] : [])),
    certificates,
  }
}

const leafOf = (authority: Pair, names: readonly string[]): Signed => ({
  fresh: (at: Date) => newLeaf(authority, names, at),
  judge: (pair: Pair, at: Date) => judgeLeaf(pair, authority, names, at),
})

/**
 * The door's root. Another one is made, and takes over, when an administrator says so and never else: in between they give
 * it to people's machines.
 */
async function holdRoot(
  api: CoreV1Api,
  kind: AuthorityKind,
  now: () => Date,
): Promise<{ standing: Standing; did: Held['did'] }> {
  const found = await holdStanding(api, KEPT.doorRoot, kind, now)
  const { next, asked } = found.standing
  const fresh = () => newAuthority(kind, now())
  if (asked === ROOT_STEPS.prepare && !next) {
    const body = await moved(found.secret, 'begin', fresh)
    await unless(409, () => api.replaceNamespacedSecret({ ...KEPT.doorRoot, body }))
  } else if (asked === ROOT_STEPS.switch && next) {
    // What machines trust is theirs: here the former one is of no more use.
    const body = await moved(await moved(found.secret, 'switch', fresh), 'retire', fresh)
    await unless(409, () => api.replaceNamespacedSecret({ ...KEPT.doorRoot, body }))
  } else return found
  return { ...(await holdStanding(api, KEPT.doorRoot, kind, now)), did: 'renewed' }
}

/**
 * Keeps the certificates of authorities where everybody may read them.
 *
 * @param wanted by key; undefined where there is to be none. Asked after the ConfigMap was read: an older answer is never written over a newer one.
 */
async function tell(
  api: CoreV1Api,
  place: Place,
  wanted: () => Promise<Readonly<Record<string, string | undefined>>>,
): Promise<void> {
  const { state } = await swap<V1ConfigMap>({
    read: () => unless(404, () => api.readNamespacedConfigMap(place)),
    async change(live) {
      const told = Object.entries(await wanted())
      if (live && told.every(([key, certificate]) => live.data?.[key] === certificate)) return undefined
      const data: Record<string, string> = { ...live?.data }
      for (const [key, certificate] of told)
        if (certificate === undefined) delete data[key]
        else data[key] = certificate
      return { ...(live ?? { metadata: { ...place } }), data }
    },
    write: (body, live) =>
      unless(409, () =>
        live
          ? api.replaceNamespacedConfigMap({ ...place, body })
          : api.createNamespacedConfigMap({ namespace: place.namespace, body }),
      ),
  })
  if (state === 'contended')
    throw new Error(`The ConfigMap ${place.namespace}/${place.name} changes faster than it can be written.`)
}
