import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { copyFile, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Pins, readPins, versionOf } from '../binaries/go.ts'
import { ARGO_CD, folderOf } from '../binaries/modules.ts'
import { cacheFolder, MODULES } from '../run/places.ts'

/** Whose custom resources the lab has: the modules that ship their definitions, and where in them. */
const SHIPPED = [
  { pins: 'argo-cd', module: ARGO_CD, folder: 'manifests/crds' },
  { pins: 'flux', module: 'github.com/fluxcd/kustomize-controller', folder: 'config/crd/bases' },
  { pins: 'flux', module: 'github.com/fluxcd/source-controller', folder: 'config/crd/bases' },
] as const

/** Namespaces as `argocd`'s and `flux install`'s instructions make them. */
export const DELIVERY_NAMESPACES = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'argocd' } },
  {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: 'flux-system',
      labels: {
        'app.kubernetes.io/instance': 'flux-system',
        'app.kubernetes.io/part-of': 'flux',
        'pod-security.kubernetes.io/warn': 'restricted',
        'pod-security.kubernetes.io/warn-version': 'latest',
      },
    },
  },
] as const

/** Whether they are in the cache. */
export const hasCrds = (cache = cacheFolder()): boolean => existsSync(placeOf(cache, pinsOf()))

const pinsOf = (): Map<string, Pins> =>
  new Map(['argo-cd', 'flux'].map((name) => [name, readPins(join(MODULES, name))]))

function placeOf(cache: string, pins: ReadonlyMap<string, Pins>): string {
  const digest = createHash('sha256').update(
    JSON.stringify([SHIPPED, [...pins.values()].map((one) => one.digest)]),
  )
  return join(cache, `crds-${digest.digest('hex').slice(0, 16)}`)
}

/** The folder with the CRDs of Argo CD and Flux, out of the cache or out of their pinned, verified modules. */
export async function crdFolder(
  cache = cacheFolder(),
  progress: (line: string) => void = () => {},
): Promise<string> {
  const pins = pinsOf()
  const folder = placeOf(cache, pins)
  if (existsSync(folder)) return folder
  const making = `${folder}.making-${process.pid}`
  await rm(making, { recursive: true, force: true })
  await mkdir(making, { recursive: true })
  for (const shipped of SHIPPED) {
    const from = pins.get(shipped.pins)
    if (from) await copyDefinitions(from, shipped.module, shipped.folder, making, progress)
  }
  await rename(making, folder).catch(async (error: unknown) => {
    // Another command was faster: its copy is the same, since the name says what is in it.
    if (!existsSync(folder)) throw error
    await rm(making, { recursive: true })
  })
  return folder
}

async function copyDefinitions(
  pins: Pins,
  module: string,
  folder: string,
  into: string,
  progress: (line: string) => void,
): Promise<void> {
  progress(`custom resource definitions of ${module} ${versionOf(pins, module)}`)
  const from = await folderOf(pins, module)
  for (const name of readdirSync(join(from, folder))) {
    const path = join(from, folder, name)
    if (/^kind: CustomResourceDefinition$/m.test(readFileSync(path, 'utf8')))
      await copyFile(path, join(into, name))
  }
}
