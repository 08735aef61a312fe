import { z } from 'zod'
import { apiGet } from '../kubectl/api.ts'
import { Conditions, holds } from '../kubectl/conditions.ts'
import { runKubectl } from '../kubectl/kubectl.ts'
import { until } from '../run/readiness.ts'
import { runs } from '../run/run.ts'
import { DELIVERY_NAMESPACES } from './crds.ts'
import type { Credentials } from './credentials.ts'

/** The field manager of everything that the lab itself applies. */
export const LAB_MANAGER = 'deskfleet-lab'

/**
 * Gives an empty API server what Argo CD's and Flux's installers would have: their definitions (all YAML files of
 * `definitions`) and namespaces. Resolves when these can be used and when pods can be made in `default`.
 */
export async function furnish(
  dir: string,
  server: string,
  credentials: Credentials,
  kubectl: string,
  definitions: string,
): Promise<void> {
  const list = { apiVersion: 'v1', kind: 'List', items: DELIVERY_NAMESPACES }
  const what = ['--filename', definitions, '--filename=-']
  const apply = ['apply', '--server-side', `--field-manager=${LAB_MANAGER}`, ...what]
  const applied = await runKubectl(dir, kubectl, apply, { input: JSON.stringify(list) })
  if (applied.code !== 0) throw new Error(`the new lab refused its furniture: ${applied.stderr.trim()}`)
  const usable = async (): Promise<boolean> => {
    const [crds, account] = await Promise.all([
      apiGet(server, credentials, CRDS),
      apiGet(server, credentials, DEFAULT_ACCOUNT),
    ])
    return account.status === 200 && crds.status === 200 && allEstablished(crds.body)
  }
  const outcome = await until('the furniture of the new lab', 60_000, usable, () =>
    runs(dir, 'kube-apiserver'),
  )
  if (!outcome.ready) throw new Error(outcome.reason)
}

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
/** Admission refuses pods in a namespace until the controller manager has made it. */
const DEFAULT_ACCOUNT = '/api/v1/namespaces/default/serviceaccounts/default'

const Definitions = z.object({
  // `conditions` is null between the creation of a definition and the first look that the API server takes at it.
  items: z.array(z.object({ status: z.object({ conditions: Conditions.nullish() }) })),
})

function allEstablished(body: string): boolean {
  return Definitions.parse(JSON.parse(body)).items.every(({ status }) =>
    holds(status.conditions, 'Established'),
  )
}
