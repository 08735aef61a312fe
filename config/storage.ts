import { z } from 'zod'
import { diskSize, duration, HOST, homeSize, noSection, says, text, wholeNumber } from './fields.ts'
import type { Finding } from './findings.ts'
import { STORAGE } from './names.ts'
import type { Locate } from './source.ts'

/**
 * Numbers of Gluster. They may stand beside any kind, so that an overlay changes the kind alone; the other kinds pass
 * them over.
 */
const copies = {
  replicas: wholeNumber(2, 7).default(5).describe('Copies of every file (gluster).'),
  minReplicas: wholeNumber(2, 7)
    .optional()
    .describe(
      'Copies that must be possible before homes are made. Default: it begins with as many as the PCs that have a brick allow.',
    ),
  spares: wholeNumber(0, 100)
    .default(1)
    .describe('PCs whose disks are kept for repairs, beyond the first full set.'),
  replaceAfter: duration
    .default('30m')
    .describe('For so long a disk may be missing before a spare takes its place, as `30m` or `2h`.'),
}

/** Beside every kind. */
const limit = {
  limit: homeSize('10Gi')
    .optional()
    .describe(
      'What each person may take up, as `10Gi`: whoever has more is told so, and so are you. It is not enforced. Default: none.',
    ),
}

const ABOUT_KIND =
  'Where homes live: on disks of the PCs (gluster), in a directory that is the same on every PC (path), or on a StorageClass of the site (existing).'

const PATH = text(
  /^\/[A-Za-z0-9._/-]+$/,
  'it must be an absolute path',
  'write a directory that is the same on every PC, such as /srv/homes',
)

/** Where homes are now that shall go to the volume; there while they are moved, and no longer. */
const from = z
  .strictObject({
    kind: z.literal('path').describe('Homes are moved from a directory that is the same on every PC.'),
    path: PATH.describe('That directory.'),
  })
  .optional()
  .describe(
    'The storage that homes are moved away from, by `npx deskfleet storage move` (gluster). docs/storage.md.',
  )

const gluster = z.strictObject({
  kind: z.literal('gluster').optional().default('gluster').describe(ABOUT_KIND),
  ...copies,
  ...limit,
  from,
})

const path = z.strictObject({
  kind: z.literal('path').describe(ABOUT_KIND),
  ...copies,
  ...limit,
  path: PATH.describe('The directory that is the same on every PC (path).'),
})

const existing = z.strictObject({
  kind: z.literal('existing').describe(ABOUT_KIND),
  ...copies,
  ...limit,
  storageClass: text(
    HOST,
    'it must be the name of a StorageClass',
    'write a name that `kubectl get storageclass` shows',
  ).describe('The StorageClass of the site: ReadWriteMany (existing).'),
  size: diskSize('1Ti').default('1Ti').describe('What is asked of it, for everybody together (existing).'),
})

/** Where homes live, by `kind`; a setting of another kind is a mistake, and `shape.ts` says whose it is. */
export const storage = z
  .discriminatedUnion('kind', [gluster, path, existing], {
    error: ({ code }: { readonly code?: string }) =>
      code === 'invalid_type'
        ? noSection('storage')
        : says('it must be one of: gluster, path, existing', 'write one of these words'),
  })
  .prefault({})

type ParsedStorage = z.output<typeof storage>

/** Where homes live, with what that kind needs and nothing else. */
export type Storage = {
  /** What each person may take up, as `10Gi`; undefined: as much as there is. It is told, and not enforced. */
  readonly limit: string | undefined
} & (
  | {
      /** A replicated volume on disks of the PCs. */
      readonly kind: 'gluster'
      readonly replicas: number
      /** Undefined: as many as the PCs that have a brick allow. */
      readonly minReplicas: number | undefined
      readonly spares: number
      /** A time as `30m`. */
      readonly replaceAfter: string
      /** The directory that homes are moved away from; undefined where they are not moved. */
      readonly from: string | undefined
    }
  | {
      /** A directory that is the same on every PC. */
      readonly kind: 'path'
      readonly path: string
    }
  | {
      /** A StorageClass of the site, ReadWriteMany. */
      readonly kind: 'existing'
      readonly storageClass: string
      /** Of the one volume that is asked of it, as `1Ti`. */
      readonly size: string
    }
)

/** Fills in what follows from other settings, and leaves out what the kind passes over. */
export function completeStorage(parsed: ParsedStorage): Storage {
  const { kind, limit } = parsed
  if (kind === 'path') return { kind, limit, path: parsed.path }
  if (kind === 'existing') return { kind, limit, storageClass: parsed.storageClass, size: parsed.size }
  const { replicas, minReplicas, spares, replaceAfter } = parsed
  return { kind, limit, replicas, minReplicas, spares, replaceAfter, from: parsed.from?.path }
}

/**
 * On every PC: the directory with all homes, for whoever mounts a part of it by its path; of a Gluster volume, where its
 * client is mounted. Undefined where the kubelet alone knows where.
 */
export const storageFolder = (storage: Storage): string | undefined =>
  storage.kind === 'existing' ? undefined : storage.kind === 'path' ? storage.path : STORAGE.volume

/** The rules that join several settings of storage. */
export function storageFindings(parsed: ParsedStorage, where: Locate): Finding[] {
  if (parsed.kind === 'path') return pathFindings(['path'], parsed.path, where)
  if (parsed.kind !== 'gluster') return []
  const { replicas, minReplicas, from } = parsed
  return [
    ...copyFindings(replicas, minReplicas, where),
    ...(from === undefined ? [] : pathFindings(['from', 'path'], from.path, where)),
  ]
}

function copyFindings(replicas: number, minReplicas: number | undefined, where: Locate): Finding[] {
  const findings: Finding[] = []
  if (minReplicas !== undefined && minReplicas > replicas) {
    findings.push({
      severity: 'error',
      where: where(['storage', 'minReplicas']),
      what: `storage.minReplicas is ${minReplicas}, more than the ${replicas} of storage.replicas`,
      rule: 'homes cannot wait for more copies than are ever made',
      mend: `write ${replicas} or less, or leave it out`,
    })
  }
  if (replicas % 2 === 0) {
    findings.push({
      severity: 'warning',
      where: where(['storage', 'replicas']),
      what: `storage.replicas is ${replicas}, an even number`,
      rule: `${replicas} copies survive the loss of no more PCs than ${replicas - 1} do, since a majority must remain to write`,
      mend: `${replicas === 2 ? 3 : `${replicas - 1} or ${replicas + 1}`} uses the disks better; ${replicas} works too`,
    })
  }
  return findings
}

function pathFindings(at: readonly string[], directory: string, where: Locate): Finding[] {
  const parts = directory.split('/').slice(1)
  if (parts.length >= 2 && !parts.some((part) => /^\.{0,2}$/.test(part))) return []
  return [
    {
      severity: 'error',
      where: where(['storage', ...at]),
      what: `storage.${at.join('.')} is ${directory}`,
      rule: 'it is a plain path at least two directories deep, without . or .. or a slash at its end',
      mend: 'write a directory that is the same on every PC, such as /srv/deskfleet',
    },
  ]
}
