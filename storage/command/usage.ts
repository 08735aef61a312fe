import { CoreV1Api, CustomObjectsApi, type KubeConfig } from '@kubernetes/client-node'
import { type Command, Option } from 'commander'
import { z } from 'zod'
import { type ClusterOptions, openCluster, readOf, withCluster } from '../../cli/cluster.ts'
import { type OutputOptions, withOutput } from '../../cli/options.ts'
import { print } from '../../cli/output.ts'
import { examplesText } from '../../cli/run.ts'
import { sizeOf } from '../../cli/size.ts'
import type { Terminal } from '../../cli/terminal.ts'
import { unless } from '../../cluster/answer.ts'
import { allIdentities } from '../../cluster/identities.ts'
import { allUsage } from '../../cluster/storage-usage.ts'
import { type PersonUsage, sumsOf, type UsageSums } from '../../cluster/usage-sums.ts'
import { GATEWAY, NAMESPACES } from '../../config/names.ts'

const SORTS = ['size', 'files', 'login'] as const
interface UsageOptions extends ClusterOptions, OutputOptions {
  readonly sort: (typeof SORTS)[number]
  readonly over?: boolean
}

/** `deskfleet storage usage` */
export function addUsageCommand(storage: Command, terminal: Terminal): void {
  withOutput(withCluster(storage.command('usage'), 'storage'))
    .description('what each person’s files take up, as it was measured last')
    .addOption(new Option('--sort <by>', 'what comes first').choices(SORTS).default('size'))
    .option('--over', 'only people who have more than storage.limit')
    .addHelpText(
      'after',
      examplesText([
        'deskfleet storage usage',
        'deskfleet storage usage --over',
        'deskfleet storage usage --sort login -o json',
      ]),
    )
    .action((options: UsageOptions) => usage(terminal, options))
}

export interface ToldUsage {
  readonly sums: UsageSums
  /** Bytes; undefined: none. */
  readonly limit: number | undefined
}

/** What was measured, with whose it is. @throws when it cannot be read */
export async function toldUsage(cluster: KubeConfig): Promise<ToldUsage> {
  const custom = cluster.makeApiClient(CustomObjectsApi)
  const advice = 'was this version of storage delivered?'
  const records = await readOf('what storage measured', () => allUsage(custom), advice)
  const people = await readOf(
    'who is who',
    () => allIdentities(custom, () => {}),
    'look at the identity sync',
  )
  const limit = await limitOf(cluster)
  const owners = people.map(({ metadata, spec }) => ({
    slug: metadata.name,
    entryUUID: spec.entryUUID.toLowerCase(),
  }))
  return {
    sums: sumsOf(
      records.map(({ record }) => record),
      owners,
      limit,
    ),
    limit,
  }
}

const Offer = z.object({ storageLimit: z.number().optional() })

/** `storage.limit`, as it was delivered. */
async function limitOf(cluster: KubeConfig): Promise<number | undefined> {
  const core = cluster.makeApiClient(CoreV1Api)
  const named = { name: GATEWAY.config, namespace: NAMESPACES.system }
  const found = await unless(404, () => core.readNamespacedConfigMap(named))
  const text = found?.data?.[GATEWAY.offer]
  return text === undefined ? undefined : Offer.safeParse(JSON.parse(text)).data?.storageLimit
}

const ORDER: Readonly<Record<UsageOptions['sort'], (a: PersonUsage, b: PersonUsage) => number>> = {
  size: (a, b) => b.bytes - a.bytes,
  files: (a, b) => b.files - a.files,
  login: (a, b) => nameOf(a).localeCompare(nameOf(b)),
}

const nameOf = ({ slug, entryUUID }: PersonUsage): string => slug ?? `(gone) ${entryUUID}`

async function usage(
  terminal: Terminal,
  { kubeconfig, output, sort, over = false }: UsageOptions,
): Promise<void> {
  const { sums, limit } = await toldUsage(openCluster(kubeconfig))
  if (over && limit === undefined) throw new Error('cluster.yaml has no storage.limit: nobody can have more')
  const people = sums.people.filter((one) => !over || one.over).sort(ORDER[sort])
  const rows = people.map((one) => ({
    person: nameOf(one),
    size: output === 'table' ? sizeOf(one.bytes) : one.bytes,
    files: one.files,
    ...(limit === undefined ? {} : { over: output === 'table' ? (one.over ? 'yes' : undefined) : one.over }),
  }))
  const empty = over
    ? 'nobody has more than storage.limit'
    : 'nothing was measured yet: it is done within minutes of a start'
  terminal.stdout.write(print(rows, output, empty, terminal.stdout.columns))
  if (output !== 'table') return
  for (const { set, measured, homes, pc, unread } of sums.sets)
    terminal.stdout.write(
      `\nset ${set}: ${sizeOf(homes.bytes)} in ${homes.files} files, measured ${measured}${pc === undefined ? '' : ` on ${pc}`}${
        unread > 0 ? `; ${unread} places could not be looked at` : ''
      }`,
    )
  if (sums.sets.length > 0)
    terminal.stdout.write(
      `\nthe shared folder: ${sizeOf(sums.shared.bytes)}; the trash: ${sizeOf(sums.trash.bytes)}\n`,
    )
}
