/**
 * Every container image of the platform: one table, whose keys are the folders of `images/`.
 * `own` images are built by `npm run images`, pushed to the room's registry, and named by release tag;
 * everything else must carry a digest. Renovate keeps the others current by the comment above each line
 * (`renovate.json`); a change here changes `dist/`, so its branch runs `npm run synth`.
 */
export const IMAGES = {
  /** Our programs: webhook, identity sync, gateway, orchestrator. */
  deskfleet: { own: true, tag: '0.1.0' },
  /** slapd 2.6 on Debian trixie. */
  ldap: { own: true, tag: '0.1.0' },
  /** keepalived and haproxy: the room's one address. */
  door: { own: true, tag: '0.1.0' },
  /** Argo CD with its redis, for a room without internet; only what delivers uses it, no object of `dist/`. */
  argocd: { own: true, tag: '3.6.1' },
  /** XFCE, a browser, an office: the desktop that most people get. */
  desktop: { own: true, tag: '0.1.0' },
  /** XFCE with little else, for the oldest PCs. */
  'desktop-light': { own: true, tag: '0.1.0' },
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
