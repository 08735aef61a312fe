import type { Construct } from 'constructs'
import type { Cluster } from '../../config/schema.ts'
import { add } from '../kit/objects.ts'
import type { Entry } from './entry.ts'

const namespace = 'flux-system'
const SOURCE = 'deskfleet'

/** Flux: the Git repository, a Kustomization for each app, and one that delivers these. */
export function flux(scope: Construct, { delivery }: Cluster, entries: readonly Entry[]): void {
  const { repository, revision, path, secret } = delivery
  add(
    scope,
    'source.toolkit.fluxcd.io/v1/GitRepository',
    { name: SOURCE, namespace },
    {
      spec: {
        interval: '1m',
        url: repository,
        ref: 'commit' in revision ? revision : { name: revision.ref },
        timeout: '60s',
        ...(secret === undefined ? {} : { secretRef: { name: secret } }),
      },
    },
  )
  const root = { name: SOURCE, folder: 'delivery', after: [] }
  for (const { name, folder, after } of [
    root,
    ...entries.map((entry) => ({ ...entry, folder: entry.name })),
  ]) {
    add(
      scope,
      'kustomize.toolkit.fluxcd.io/v1/Kustomization',
      { name, namespace },
      {
        spec: {
          interval: '10m',
          retryInterval: '15s',
          timeout: '5m',
          path: `./${path}/${folder}`,
          prune: true,
          force: false,
          sourceRef: { kind: 'GitRepository', name: SOURCE },
          ...(after.length === 0 ? {} : { dependsOn: after.map((earlier) => ({ name: earlier })) }),
        },
      },
    )
  }
}
