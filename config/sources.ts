import { z } from 'zod'
import { choice, says, section, text } from './fields.ts'
import type { Finding } from './findings.ts'
import { isOfOne } from './ipv4.ts'
import { SOURCES } from './names.ts'
import type { Locate } from './source.ts'

const ADDRESS = ['it must be an IPv4 address', 'write an address such as 10.96.0.40'] as const

/** Where images and Git come from. */
export const sources = section('sources', {
  kind: choice('existing', 'room')
    .default('existing')
    .describe(
      'Where images and Git come from: a registry and a Git server of yours (existing), or those that the room runs itself (room). docs/sources.md.',
    ),
  // It may stand beside either kind, so that an overlay changes the kind alone.
  address: text(z.regexes.ipv4, ...ADDRESS)
    .refine(isOfOne, says(...ADDRESS))
    .default('10.96.0.40')
    .describe(
      "The cluster's own address of both (room): one of the first 256 that it gives to Services, which Kubernetes keeps for such, and that no other has.",
    ),
}).prefault({})

type Parsed = z.output<typeof sources>

/** Where images and Git come from, with what that kind needs and nothing else. */
export type Sources = { readonly kind: 'existing' } | { readonly kind: 'room'; readonly address: string }

export const completeSources = ({ kind, address }: Parsed): Sources =>
  kind === 'room' ? { kind, address } : { kind }

/** What `registry` and `delivery.repository` are where the room has both itself; undefined where they are somebody else's. */
export const ownSources = (sources: Sources): { registry: string; repository: string } | undefined =>
  sources.kind === 'room'
    ? {
        registry: `${sources.address}:${SOURCES.registryPort}`,
        repository: `https://${sources.address}/${SOURCES.repository}`,
      }
    : undefined

/** Settings that would lead past what the room has itself, or take away what it lies on. */
export function sourcesFindings(
  given: {
    readonly sources: Parsed
    readonly registry?: string | undefined
    readonly delivery: { readonly repository?: string | undefined }
    readonly storage: { readonly kind: string; readonly from?: unknown }
  },
  where: Locate,
): Finding[] {
  const own = ownSources(completeSources(given.sources))
  if (own === undefined) return []
  const elsewhere = (path: readonly string[], value: string | undefined, wanted: string): Finding[] =>
    value === undefined || value === wanted
      ? []
      : [
          {
            severity: 'error',
            where: where(path),
            what: `${path.join('.')} is ${value}, and sources.kind is room`,
            rule: `what the room runs itself is at ${wanted}`,
            mend: 'delete the line, or write sources.kind: existing',
          },
        ]
  return [
    ...elsewhere(['registry'], given.registry, own.registry),
    ...elsewhere(['delivery', 'repository'], given.delivery.repository, own.repository),
    ...(given.storage.from === undefined
      ? []
      : [
          {
            severity: 'error',
            where: where(['storage', 'from']),
            what: 'homes are moved to another storage, and sources.kind is room',
            rule: 'images and Git lie on the storage that homes are moved away from, and must be there all the time',
            mend: 'leave storage as it was, or have a registry and a Git server elsewhere: sources.kind: existing',
          } as const,
        ]),
  ]
}
