import { VERSION } from './version.ts'

/**
 * Every container image of the platform: one table, whose keys are the folders of `images/`.
 * `own` images are built by `npm run images`, pushed to the room's registry, and named by release tag: the version of
 * this project, or that of the program inside where it is somebody else's;
 * everything else must carry a digest. Renovate keeps the others current by the comment above each line
 * (`renovate.json`); a change here changes `dist/`, so its branch runs `npm run synth`.
 */
export const IMAGES = {
  /** Our programs: webhook, identity sync, gateway, orchestrator. */
  deskfleet: { own: true, tag: VERSION },
  /** slapd 2.6 on Debian trixie. */
  ldap: { own: true, tag: VERSION },
  /** keepalived and haproxy: the room's one address. */
  door: { own: true, tag: VERSION },
  /** nginx: leads people to the services of the room. */
  ingress: { own: true, tag: VERSION },
  /** Gluster 11 on Debian trixie, with the agent and the mounter. */
  gluster: { own: true, tag: VERSION },
  /** etcd's own programs, by which its copies are proven, with what copies it. */
  'etcd-backup': { own: true, tag: VERSION },
  /** A registry and a Git server behind nginx, for a room that has both itself. */
  sources: { own: true, tag: VERSION },
  /** Argo CD with its redis, for a room without internet; only what delivers uses it, no object of `dist/`. */
  argocd: { own: true, tag: '3.6.1' },
  /** XFCE, a browser, an office: the desktop that most people get. */
  desktop: { own: true, tag: VERSION },
  /** XFCE with little else, for the oldest PCs. */
  'desktop-light': { own: true, tag: VERSION },
} as const satisfies Record<string, OwnImage | ForeignImage>

interface OwnImage {
  readonly own: true
  readonly tag: string
}
interface ForeignImage {
  readonly own: false
  /** `repository:tag@sha256:…` */
  readonly reference: string
}

export type ImageName = keyof typeof IMAGES

export const isImageName = (name: string): name is ImageName => Object.hasOwn(IMAGES, name)

const DIGEST = /@sha256:[0-9a-f]{64}$/
const RELEASE_TAG = /:\d+\.\d+\.\d+(-[0-9a-z.]+)?$/

/** What an image reference must look like; the mend of every finding about one. */
export const PIN_RULE =
  'an image is pinned by digest (…@sha256:…), or by a release tag (…:1.2.3) when it is ours'

/** Whether a reference names one unchanging image: by digest, or by release tag in the room's own registry. */
export function isPinned(reference: string, registry: string): boolean {
  if (DIGEST.test(reference)) return true
  return reference.startsWith(`${registry}/`) && RELEASE_TAG.test(reference)
}

/** The full reference of an image of the table, as the room's nodes pull it. */
export function imageReference(
  name: ImageName,
  settings: { readonly registry: string; readonly images: Readonly<Record<string, string>> },
): string {
  const given = settings.images[name]
  if (given !== undefined) return given
  const table: Readonly<Record<ImageName, OwnImage | ForeignImage>> = IMAGES
  const image = table[name]
  return image.own ? `${settings.registry}/${name}:${image.tag}` : image.reference
}

/** References outside the room's registry that may run all the same, since the settings or the table pin them; sorted. */
export function allowedElsewhere(settings: {
  readonly registry: string
  readonly images: Readonly<Record<string, string>>
  readonly templates: readonly { readonly image: string }[]
  readonly desktops: { readonly images: readonly string[] }
}): string[] {
  const { registry, templates, desktops } = settings
  const references = [
    ...Object.keys(IMAGES)
      .filter(isImageName)
      .map((name) => imageReference(name, settings)),
    ...templates.map(({ image }) => image).filter((image) => !isImageName(image)),
    ...desktops.images,
  ]
  return [...new Set(references)].filter((reference) => !reference.startsWith(`${registry}/`)).sort()
}
