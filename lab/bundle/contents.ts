/** What a bundle is made of, as names alone. `installer/steps/programs.sh` says what it must have; a test compares the two. */

/** Folders of the bundle with programs, and which binaries they hold. */
export const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  bin: ['containerd', 'containerd-shim-runc-v2', 'ctr', 'kubeadm', 'kubectl', 'kubelet'],
  cni: ['bridge', 'host-local', 'loopback', 'portmap', 'ptp'],
}

/** Releases of Debian that a PC may have, by the number that it says of itself, and what Debian calls them. */
export const RELEASES = { 12: 'bookworm', 13: 'trixie' } as const
export type Release = keyof typeof RELEASES

export const isRelease = (number: number): number is Release => Object.hasOwn(RELEASES, number)

/** The list of sums; it is not in it. */
export const SUMS = 'SHA256SUMS'
/** There from the first change until the list is. */
export const MAKING = '.deskfleet-bundle-making'

export const FOLDERS = {
  /** Images that a PC has before it reaches a registry. */
  images: 'images',
  /** Images of ours, for the room's registry. */
  registry: 'registry',
  /** Of each release, an archive that apt takes, in a folder of its number. */
  packages: 'packages',
  /** What begins a room: what it is called, its Git, Argo CD, the network of pods. */
  room: 'room',
  /** This repository, as far as a PC needs it; of a room, its cluster.yaml and dist/ too. */
  repository: 'repository',
} as const
export const VERSIONS = 'versions'

/** Folders of this repository that `install.sh` reads. */
export const READ_BY_INSTALLER = ['installer', 'orchestrator/host'] as const

/** Whether a file of those is for the PC: what is TypeScript runs where `kubectl` does. */
export const isForPc = (path: string): boolean => !path.endsWith('.ts')

const NAME = '[A-Za-z0-9_-][A-Za-z0-9._+~%-]*'
const FILE = new RegExp(
  `^(versions|(bin|cni|images|registry|room)/${NAME}|packages/[0-9]+/${NAME}|repository/(${NAME}/)*${NAME})$`,
)

/** Whether a bundle may have a file of that name: the installer takes no list with any other one. */
export const isOfBundle = (path: string): boolean => FILE.test(path)

/** Steps of the installer that ask for packages, and the list of each by its name there. */
export const ASK_FOR_PACKAGES = { packages: 'packages', kiosk: 'kiosk_packages' } as const

/** The packages that a step asks for, out of its text. */
export function packagesAskedFor(step: keyof typeof ASK_FOR_PACKAGES, text: string): string[] {
  const names = new RegExp(`^${ASK_FOR_PACKAGES[step]}='([^']+)'$`, 'm').exec(text)?.[1]?.split(/\s+/)
  if (names === undefined) throw new Error(`installer/steps/${step}.sh names no packages`)
  return names
}

/** What the file `versions` says. The installer reads `kubernetes`, which must be that of the room. */
export interface Made {
  readonly kubernetes: string
  readonly containerd: string
  readonly etcd: string
  readonly coredns: string
  /** Of this project. */
  readonly deskfleet: string
  /** By what the images are known: those of other programs are others. */
  readonly images: string
}

export const versionsText = (made: Made): string =>
  Object.entries(made)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('')

/** Of a bundle that was made before. */
export const imagesOf = (versions: string): string | undefined => /^images: (.+)$/m.exec(versions)?.[1]

export const sumsText = (sums: ReadonlyMap<string, string>): string =>
  [...sums]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([path, sum]) => `${sum}  ${path}\n`)
    .join('')

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 10e6 ? 1 : 0)} MB`
