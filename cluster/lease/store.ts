import { CoordinationV1Api, type KubeConfig, type V1Lease, V1MicroTime } from '@kubernetes/client-node'
import { unless } from '../answer.ts'
import { keptClient } from '../client.ts'
import type { Term } from './judge.ts'
import type { TermStore } from './lead.ts'

/**
 * Terms in a Lease of the API server, which compares and swaps by resourceVersion.
 * Needs get, create and update on `leases.coordination.k8s.io` in the namespace.
 */
export function leaseStore(config: KubeConfig, namespace: string, name: string): TermStore {
  const api = keptClient(config, CoordinationV1Api)
  return {
    read: () => unless(404, async () => termOf(await api.readNamespacedLease({ namespace, name }))),
    write: (term, over) => {
      const body = leaseOf(namespace, name, term, over)
      return unless(409, async () =>
        termOf(
          over === undefined
            ? await api.createNamespacedLease({ namespace, body })
            : await api.replaceNamespacedLease({ namespace, name, body }),
        ),
      )
    },
  }
}

function termOf(lease: V1Lease): Term {
  const { spec, metadata } = lease
  return {
    holder: spec?.holderIdentity ?? '',
    duration: (spec?.leaseDurationSeconds ?? 0) * 1_000,
    acquired: new Date(spec?.acquireTime ?? 0),
    renewed: new Date(spec?.renewTime ?? 0),
    transitions: spec?.leaseTransitions ?? 0,
    version: metadata?.resourceVersion ?? '',
  }
}

function leaseOf(
  namespace: string,
  name: string,
  term: Omit<Term, 'version'>,
  over: string | undefined,
): V1Lease {
  return {
    metadata: { namespace, name, ...(over === undefined ? {} : { resourceVersion: over }) },
    spec: {
      holderIdentity: term.holder,
      leaseDurationSeconds: Math.round(term.duration / 1_000),
      acquireTime: new V1MicroTime(term.acquired),
      renewTime: new V1MicroTime(term.renewed),
      leaseTransitions: term.transitions,
    },
  }
}
