import { isPinned, PIN_RULE } from '../../../config/images.ts'
import { containersOf, factsOf, podTemplate } from '../rendered.ts'
import { about, type Policy } from './policy.ts'

/** No secret in Git: neither as an object nor inside a text. */
export const secrets: Policy = (rendered) =>
  rendered.flatMap((item) => {
    if (item.object.kind === 'Secret') {
      return [
        about(item, '', {
          what: 'it is a Secret',
          rule: 'dist/ stands in Git, and no secret ever does',
          mend: 'make it in the cluster, and name it in `makes` of the app whose program makes it',
        }),
      ]
    }
    return [...strings(item.object, '')]
      .filter(([, text]) => SECRET_TEXT.test(text))
      .map(([path]) =>
        about(item, path, {
          what: 'it holds what looks like a password or a private key',
          rule: 'dist/ stands in Git, and no secret ever does',
          mend: 'read it from a file of a Secret instead',
        }),
      )
  })

/** A key block, slapd's password settings with a literal value, or an URL with a password in it. */
const SECRET_TEXT =
  /-----BEGIN [A-Z ]*PRIVATE KEY-----|^(olcRootPW|userPassword)::? +[^\s$]|credentials=[^\s$]|:\/\/[^\s/:@]+:[^\s/@]+@/m

function* strings(value: unknown, path: string): Generator<[path: string, text: string]> {
  if (typeof value === 'string') yield [path, value]
  else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      yield* strings(inner, Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`)
    }
  }
}

/** The certificate of a webhook is made in the cluster; rendered, each sync would overwrite it. */
export const caBundles: Policy = (rendered) =>
  rendered.flatMap((item) =>
    [...strings(item.object, '')]
      .filter(([path]) => path.endsWith('.caBundle'))
      .map(([path]) =>
        about(item, path, {
          what: 'it renders a caBundle',
          rule: 'caBundle is set in the cluster by server-side apply, and never rendered',
          mend: 'take it out',
        }),
      ),
  )

/** Every image is one unchanging thing, pulled only when absent. */
export const images: Policy = (rendered, { registry }) =>
  rendered.flatMap((item) =>
    containersOf(podTemplate(item.object)?.spec ?? { containers: [] }).flatMap(({ path, container }) => [
      ...(container.image !== undefined && isPinned(container.image, registry)
        ? []
        : [
            about(item, `${path}.image`, {
              what: `its image is ${container.image ?? 'missing'}`,
              rule: PIN_RULE,
              mend: 'take it from config/images.ts',
            }),
          ]),
      ...(container.imagePullPolicy === 'IfNotPresent'
        ? []
        : [
            about(item, `${path}.imagePullPolicy`, {
              what: `it is ${container.imagePullPolicy ?? 'left out'}`,
              rule: 'a room without internet starts from the images that its PCs have',
              mend: 'write IfNotPresent',
            }),
          ]),
    ]),
  )

/** Every container says what it needs, so that old PCs are not overloaded. */
export const resources: Policy = (rendered) =>
  rendered.flatMap((item) =>
    containersOf(podTemplate(item.object)?.spec ?? { containers: [] }).flatMap(({ path, container }) =>
      container.resources?.requests?.cpu !== undefined &&
      container.resources.requests.memory !== undefined &&
      container.resources.limits?.memory !== undefined
        ? []
        : [
            about(item, `${path}.resources`, {
              what: 'it does not say what it needs',
              rule: 'every container requests cpu and memory, and limits its memory',
              mend: 'add resources.requests and limits.memory',
            }),
          ],
    ),
  )

/**
 * What keeps an object: `Prune=false` when its file leaves Git, `Delete=false` when its whole app does. Flux asks for
 * one word for both. `IgnoreExtraneous`: that it is left over does not make its app OutOfSync, which Argo CD would try to
 * mend for ever.
 */
const KEEPING = [
  ['argocd.argoproj.io/sync-options', 'Prune=false'],
  ['argocd.argoproj.io/sync-options', 'Delete=false'],
  ['argocd.argoproj.io/compare-options', 'IgnoreExtraneous'],
  ['kustomize.toolkit.fluxcd.io/prune', 'disabled'],
] as const

/** The annotations that keep an object when it disappears from Git. */
export const KEPT: Readonly<Record<string, string>> = {
  'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
  'argocd.argoproj.io/compare-options': 'IgnoreExtraneous',
  'kustomize.toolkit.fluxcd.io/prune': 'disabled',
}

/** What holds people's data stays when its file disappears from Git. */
export const retention: Policy = (rendered) =>
  rendered.flatMap((item) => {
    if (factsOf(item.object)?.holdsData !== true) return []
    const { annotations = {} } = item.object.metadata
    const lacking = KEEPING.filter(([key, value]) => !(annotations[key] ?? '').split(',').includes(value))
    const findings = lacking.map(([key, value]) =>
      about(item, 'metadata.annotations', {
        what: `it lacks ${key}: ${value}`,
        rule: 'what holds the data of people is never pruned',
        mend: 'add the annotations KEPT of charts/kit/policies/contents.ts',
      }),
    )
    const { spec } = item.object as { spec?: { persistentVolumeReclaimPolicy?: string } }
    if (item.object.kind === 'PersistentVolume' && spec?.persistentVolumeReclaimPolicy !== 'Retain') {
      findings.push(
        about(item, 'spec.persistentVolumeReclaimPolicy', {
          what: 'the volume goes when its claim goes',
          rule: 'what holds the data of people is kept',
          mend: 'write Retain',
        }),
      )
    }
    return findings
  })
