import { existsSync } from 'node:fs'
import { crdFolder, hasCrds } from '../bare/crds.ts'
import { fetchModules, isAtHand, locate, type SetName } from '../binaries/locate.ts'
import { hasPackageTree, packageTree, SLAPD } from '../debian/packages.ts'
import { type DebianWish, debianTar, tarOf } from '../debian/root.ts'
import { IN_ROOM } from '../delivery/deliver.ts'
import { buildImages, debianOf, isBuilt } from '../images/build.ts'
import type { BuiltImage } from '../images/context.ts'
import { MACHINE_DEBIAN } from '../machine/root.ts'
import { NODE_DEBIAN, NODE_SETS } from '../room/node-image.ts'
import { up } from '../room/room.ts'
import type { Part } from './work.ts'

/**
 * Everything that the demo needs, in the order in which people get to see something: first the control plane of the
 * bare part, then the room, then what is delivered into it. While one lane compiles, another fetches, and a third
 * makes the room. The seconds are measured on two cores, without internet but for Debian's mirror and Go's proxy.
 */

/** Compiled in this order. */
const COMPILED: readonly (readonly [SetName, number])[] = [
  ['etcd', 69],
  ['control-plane', 358],
  ['node', 61],
  ['etcd-tools', 4],
  ['kind', 4],
  ['cni', 4],
  ['room', 4],
  ['containerd', 78],
  ['coredns', 69],
  ['registry', 27],
  ['argo-cd', 335],
]

const compiled = (name: SetName, seconds: number): Part => ({
  name,
  seconds,
  lane: 'compile',
  isAtHand: () => isAtHand(name),
  make: async (progress) => void (await locate([name], { assets: process.env.KUBEBUILDER_ASSETS, progress })),
})

/** The modules of one set, while an earlier one is being compiled. */
const modules = (name: SetName): Part => ({
  name: `modules of ${name}`,
  seconds: 5,
  lane: 'fetch',
  isAtHand: () => isAtHand(name),
  make: () => fetchModules(name, { assets: process.env.KUBEBUILDER_ASSETS }),
})

const debian = (wish: DebianWish, seconds: number, isNeeded = () => true): Part => ({
  name: `Debian for ${wish.name}`,
  seconds,
  lane: 'fetch',
  // Installing takes a core, which until then belongs to the compiler.
  needs: ['control-plane'],
  isAtHand: () => !isNeeded() || existsSync(tarOf(wish)),
  make: async (say) => void (await debianTar(wish, say)),
})

const image = (name: BuiltImage, seconds: number, needs: readonly string[], lane: string): Part => ({
  name: `image ${name}`,
  seconds,
  lane,
  needs,
  isAtHand: () => isBuilt(name),
  make: async (say) => void (await buildImages([name], say)),
})

const nameOfDebian = (wish: { readonly name: string }): string => `Debian for ${wish.name}`

/** What the bare part wants. */
export const BARE_NEEDS = ['etcd', 'control-plane', 'definitions', 'slapd'] as const

const IMAGE_SECONDS: Partial<Record<BuiltImage, readonly [debian: number, image: number]>> = {
  'desktop-light': [60, 45],
}

/** @param wish the room's name, and how the two parts are shown */
export function partsOfDemo(wish: {
  readonly name: string
  readonly showBare: () => Promise<void>
  readonly showRoom: () => Promise<void>
}): Part[] {
  const images = IN_ROOM.map((name) => ({ name, seconds: IMAGE_SECONDS[name] ?? ([30, 20] as const) }))
  return [
    ...COMPILED.map(([name, seconds]) => compiled(name, seconds)),
    modules('control-plane'),
    {
      name: 'slapd',
      seconds: 15,
      lane: 'fetch',
      isAtHand: () => hasPackageTree(SLAPD),
      make: async (say) => void (await packageTree(SLAPD, say)),
    },
    {
      name: 'definitions',
      seconds: 20,
      lane: 'fetch',
      isAtHand: () => hasCrds(),
      make: async (say) => void (await crdFolder(undefined, say)),
    },
    ...COMPILED.slice(2).map(([name]) => modules(name)),
    debian(MACHINE_DEBIAN, 45),
    debian(NODE_DEBIAN, 35),
    ...images.map(({ name, seconds }) => debian(debianOf(name), seconds[0], () => !isBuilt(name))),
    { name: 'first result', seconds: 40, lane: 'show', needs: [...BARE_NEEDS], make: wish.showBare },
    {
      name: 'PCs',
      seconds: 110,
      lane: 'room',
      needs: [...NODE_SETS, 'registry', nameOfDebian(MACHINE_DEBIAN), nameOfDebian(NODE_DEBIAN)],
      make: async (progress) => void (await up({ name: wish.name, masters: 1, workers: 2, progress })),
    },
    // The small ones while the largest is fetched, and that one while Argo CD is compiled.
    ...images.map(({ name, seconds }) =>
      image(
        name,
        seconds[1],
        [nameOfDebian(debianOf(name)), ...(name === 'argocd' ? ['argo-cd'] : [])],
        name === 'desktop-light' ? 'fetch' : 'room',
      ),
    ),
    {
      name: 'desktop',
      seconds: 110,
      lane: 'show',
      needs: ['PCs', ...IN_ROOM.map((name) => `image ${name}`)],
      make: wish.showRoom,
    },
  ]
}
