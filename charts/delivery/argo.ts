import type { Construct } from 'constructs'
import { PREFIX } from '../../config/labels.ts'
import { EVERY_ROOM, KUBERNETES_NAMESPACES } from '../../config/names.ts'
import type { Cluster } from '../../config/schema.ts'
import { KINDS } from '../kit/kinds.ts'
import { add } from '../kit/objects.ts'
import type { Entry } from './entry.ts'

const namespace = 'argocd'
const PROJECT = 'deskfleet'

/** Argo CD: a project that bounds what Git may do, an Application for each app, and one that delivers these. */
export function argo(scope: Construct, { delivery }: Cluster, entries: readonly Entry[]): void {
  const { repository } = delivery
  add(
    scope,
    'argoproj.io/v1alpha1/AppProject',
    { name: PROJECT, namespace },
    {
      spec: {
        description: 'Deskfleet: everything that the room runs',
        sourceRepos: [repository],
        // In Kubernetes' own namespaces: Roles of the orchestrator.
        destinations: [
          ...new Set([
            namespace,
            ...EVERY_ROOM,
            ...KUBERNETES_NAMESPACES,
            ...entries.map((entry) => entry.namespace),
          ]),
        ].map((name) => ({ server: IN_CLUSTER, namespace: name })),
        // Kinds of no namespace, each by name: a stray file in Git cannot bring anything else.
        clusterResourceWhitelist: Object.entries(KINDS)
          .filter(([, { scope }]) => scope === 'cluster')
          .map(([kind]) => {
            const parts = kind.split('/')
            return { group: parts.length === 3 ? parts[0] : '', kind: parts.at(-1) }
          }),
      },
    },
  )
  const root = {
    name: 'deskfleet',
    folder: 'delivery',
    about: 'The list of apps itself',
    namespace,
    wave: 0,
  }
  application(scope, delivery, root, [])
  for (const entry of entries) application(scope, delivery, { ...entry, folder: entry.name }, CASCADE)
}

/**
 * An app that leaves the list takes its objects with it, as under Flux; those that hold people's data say `KEPT` and
 * stay. The list itself has no such word: whoever deletes it by hand stops delivery, and nothing else.
 */
const CASCADE = ['resources-finalizer.argocd.argoproj.io/foreground']

const IN_CLUSTER = 'https://kubernetes.default.svc'

function application(
  scope: Construct,
  { repository, revision, path }: Cluster['delivery'],
  { name, folder, about, namespace: into, wave }: Omit<Entry, 'after'> & { readonly folder: string },
  finalizers: readonly string[],
): void {
  const targetRevision = 'commit' in revision ? revision.commit : revision.ref
  add(
    scope,
    'argoproj.io/v1alpha1/Application',
    {
      name,
      namespace,
      finalizers,
      annotations: {
        'argocd.argoproj.io/sync-wave': String(wave),
        // Compared as the API server would apply it: what it defaults, or others own, is no drift.
        'argocd.argoproj.io/compare-options': 'ServerSideDiff=true',
        [`${PREFIX}/about`]: about,
      },
    },
    {
      spec: {
        project: PROJECT,
        source: { repoURL: repository, targetRevision, path: `${path}/${folder}` },
        destination: { server: IN_CLUSTER, namespace: into },
        revisionHistoryLimit: 5,
        syncPolicy: {
          automated: { prune: true, selfHeal: true },
          syncOptions: ['ServerSideApply=true', 'CreateNamespace=false', 'ApplyOutOfSyncOnly=true'],
          // A room that is just starting refuses much at first; it must never need a person to try again. Each try takes
          // the newest commit: else one that the API server refuses is tried for ever, and its mend never.
          retry: { limit: -1, refresh: true, backoff: { duration: '5s', factor: 2, maxDuration: '30s' } },
        },
      },
    },
  )
}
