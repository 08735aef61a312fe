import { join } from 'node:path'
import { BatchV1Api, CoreV1Api } from '@kubernetes/client-node'
import { keptClient, ownCluster } from '../../cluster/client.ts'
import { EXIT, type ProgramContext } from '../../service/program.ts'
import { credentialsIn } from '../etcd/credentials.ts'
import { type Gateway, openGateway } from '../etcd/gateway.ts'
import { tidy } from '../upkeep/tidy.ts'
import { backUp } from './back-up.ts'
import { collect } from './belongings.ts'
import { carryAll } from './carry.ts'
import { holdersOf } from './holders.ts'
import { lend } from './lend.ts'
import { type Newest, readNewest, writeNewest } from './newest.ts'
import { openFolder, prune } from './place.ts'
import type { Settings } from './settings.ts'
import { planSpread } from './spread.ts'
import { sumOf } from './sum.ts'

/** Ms for other PCs to fetch the copy. */
const CARRYING = 180_000

type Context = Pick<ProgramContext<Settings>, 'settings' | 'log' | 'clock'>

/** A copy first, so that there is a way back from whatever is tidied afterwards. Exit code 1 where no copy was made. */
export async function startBackup(context: Context): Promise<number> {
  const { settings, log } = context
  const gateway = openGateway(await credentialsIn(join(settings.kubernetes, 'pki/etcd')))
  const code = await copy(context, gateway)
  const { findings, did, stopped } = await tidy(gateway, settings.endpoints)
  for (const { what, mend, kind } of findings) log.error({ kind, mend }, what)
  for (const step of did) log.info(step, 'etcd was tidied')
  if (stopped !== undefined) log.warn({ reason: stopped }, 'etcd was not tidied to the end')
  return code
}

async function copy(context: Context, gateway: Gateway): Promise<number> {
  const { settings, log, clock } = context
  const cluster = ownCluster()
  const core = keptClient(cluster, CoreV1Api)
  const place = openFolder(settings.copies, () => clock.wall().getTime())
  const { data } = await core.readNamespacedConfigMap({ name: 'kubeadm-config', namespace: 'kube-system' })
  const collected = await collect(settings.kubernetes, data?.ClusterConfiguration ?? '')
  const made =
    'refusal' in collected
      ? collected
      : await backUp({ ...settings, belongings: collected.belongings, gateway, place, clock })
  if ('refusal' in made) {
    log.error({ reason: made.refusal }, 'etcd was not copied')
    return EXIT.failed
  }
  const { name, manifest } = made
  const { revision, keys, agreed } = manifest.etcd
  log.info({ name, revision, keys, agreed: agreed.length }, 'etcd was copied, and the copy proven')
  const before = await readNewest(core)
  const newest = { name, at: manifest.at, revision, sha256: await sumOf(place.path(name)) }
  await writeNewest(core, { ...newest, places: [settings.pc] })
  const gone = await prune(place, clock.wall().getTime())
  for (const one of gone) log.info({ name: one }, 'a copy that newer ones replace was removed')
  const others = await spread(
    context,
    { core, batch: keptClient(cluster, BatchV1Api) },
    place.path(name),
    name,
    before,
  )
  await writeNewest(core, { ...newest, places: [settings.pc, ...others] })
  return EXIT.done
}

/** @returns the other PCs that have it */
async function spread(
  { settings, log, clock }: Context,
  { core, batch }: { readonly core: CoreV1Api; readonly batch: BatchV1Api },
  file: string,
  copy: string,
  before: Newest | undefined,
): Promise<readonly string[]> {
  const { items } = await core.listNode()
  const holders = holdersOf(items, { copy, pc: settings.pc }, before)
  const { carries, lacks } = planSpread(holders, clock.wall().getTime())
  if (lacks !== undefined) log.warn({ reason: lacks }, 'copies lie in too few places')
  const mine = carries.filter((carry) => carry.copy === copy)
  if (mine.length === 0) return []
  const loan = await lend(file, settings.address)
  try {
    const there = await carryAll(mine, loan, { batch, image: settings.image, clock, patience: CARRYING })
    const missing = mine.map(({ to }) => to).filter((to) => !there.includes(to))
    if (missing.length > 0) log.warn({ missing }, 'PCs did not fetch the copy in time')
    return there
  } finally {
    await loan.end()
  }
}
