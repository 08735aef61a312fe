import { createHash } from 'node:crypto'

/** Names that several parts must agree on. A name that one file alone uses stays in that file. */

export const API_GROUP = 'deskfleet.io'
export const API_VERSION = 'v1alpha1'

export const NAMESPACES = {
  /** Gateway, webhook, identity sync, image pre-pull. */
  system: 'deskfleet-system',
  /** slapd. */
  directory: 'deskfleet-directory',
  /** Gluster and the mounter. */
  storage: 'deskfleet-storage',
  /** The meta-orchestrator and its jobs on nodes. */
  crown: 'deskfleet-crown',
  /** What answers at the room's one address. */
  door: 'deskfleet-door',
  /** People's desktops. */
  desktops: 'desktops',
} as const

/** The custom resource that says who is who: cluster-scoped, named by slug. */
export const IDENTITY = { kind: 'Identity', plural: 'identities', singular: 'identity' } as const

/** The ConfigMap in `deskfleet-system` that the admission policies read: `<slug>: uid|gid|g1,g2|login`. */
export const IDENTITIES_CONFIG_MAP = 'identities'

/** The RBAC verb on `identities.deskfleet.io/<slug>` that lets somebody act as that person. */
export const CLAIM_VERB = 'claim'

/** The mutating webhook: configuration, webhook in it, Service, path and port. */
export const WEBHOOK = {
  configuration: 'deskfleet-identity',
  webhook: 'identity.deskfleet.io',
  service: 'webhook',
  path: '/admit/pods',
  port: 8443,
} as const

/** slapd as the cluster knows it, and the Secrets and ConfigMaps that go with it. */
export const LDAP = {
  service: 'ldap',
  /** The headless Service that names each of its pods. */
  pods: 'ldap-pods',
  /** LDAPS inside the pod (unprivileged); the Service shows it as 636. */
  port: 1636,
  servicePort: 636,
  /** Rendered ConfigMap: slapd's configuration, seed and start script. In `deskfleet-directory`. */
  config: 'slapd',
  /** Rendered ConfigMap in both namespaces: `url`, `baseDN`, `readerDN`, `adminDN`. */
  connection: 'directory',
  /** Secret in `deskfleet-directory`: `password` of the directory's administrator. */
  adminSecret: 'ldap-admin',
  /** Secret in `deskfleet-directory` and `deskfleet-system`: `password` of the reading account. */
  readerSecret: 'ldap-reader',
  /** Secret in `deskfleet-directory`: `tls.crt`, `tls.key`, `ca.crt`. */
  tlsSecret: 'ldap-tls',
} as const

/** The cluster's own certificate authority. */
export const AUTHORITY = {
  /** Secret in `deskfleet-system`: `tls.crt`, `tls.key`. */
  secret: 'certificate-authority',
  /** ConfigMap in the namespaces that check certificates: `ca.crt`. */
  configMap: 'certificate-authority',
  /** Secret in `deskfleet-system`: the webhook's `tls.crt`, `tls.key`. */
  webhookSecret: 'webhook-tls',
  /** Secret in `deskfleet-system`: the gateway's `tls.crt`, `tls.key`, signed by the cluster's authority. */
  gatewaySecret: 'gateway-tls',
} as const

/** Field managers of server-side apply: who owns which field. */
export const FIELD_MANAGERS = {
  certificates: 'deskfleet-certificates',
  identitySync: 'deskfleet-identity-sync',
  homes: 'deskfleet-homes',
  gateway: 'deskfleet-gateway',
} as const

/** uids and gids of people start here, so that no person is ever a system account. */
export const FIRST_UID = 10_000
/** The largest uid the kernel and Kubernetes both take. */
export const LAST_UID = 2_147_483_646

/** Groups below are the system's own, some of them as good as root: no person is ever in one. */
export const FIRST_GROUP_GID = 1_000

/** Names that account files of every machine begin with: no person and no group of people has one. */
export const TAKEN_NAMES: ReadonlySet<string> = new Set(['root', 'nobody', 'nogroup'])

/** An LDAP suffix that slapd's seed can be made for: `dc=room,dc=example` or `o=room`, nothing that needs escapes. */
export const BASE_DN_PATTERN = /^(dc|o)=[A-Za-z0-9-]+(,(dc|o|c)=[A-Za-z0-9-]+)*$/

/** A login as Linux and LDAP take it. */
export const LOGIN_PATTERN = /^[a-z_][a-z0-9_.-]{0,31}$/

/** A slug as Kubernetes takes it in a label value, an object name, and after `desktop-` a Service name. */
export const SLUG_PATTERN = /^[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$/

const ESCAPED = /--[0-9a-f]{8}$/

/**
 * A person's name made safe for Kubernetes names. A login that is already safe is its own slug; any other
 * gets its unsafe characters as `-` and the first eight hex digits of its SHA-256, so that two logins never
 * share a slug. A login that merely looks escaped is escaped again, for the same reason.
 */
export function slugOf(login: string): string {
  if (SLUG_PATTERN.test(login) && !ESCAPED.test(login)) return login
  const safe = login
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 32)
    .replace(/-+$/, '')
  return `${safe || 'p'}--${createHash('sha256').update(login).digest('hex').slice(0, 8)}`
}

export const homeClaim = (slug: string): string => `home-${slug}`
export const SHARED_CLAIM = 'shared'
export const desktopName = (slug: string): string => `desktop-${slug}`

/** PersistentVolumes behind the claims; cluster-scoped, so their names say whose they are. */
export const homeVolume = (slug: string): string => `deskfleet-home-${slug}`
export const SHARED_VOLUME = 'deskfleet-shared'

/** The programs of storage, and where they find things. */
export const STORAGE = {
  homes: 'homes',
  mounter: 'home-mounter',
  /** The storage directory, as the programs' containers see it. */
  directory: '/storage',
  /** On every PC; what pods of people see of storage is below. On a tmpfs, so a reboot clears it. */
  run: '/run/deskfleet',
} as const

/** Directory on a PC whose one entry, named by the login, is the person's home. */
export const homeParent = (slug: string): string => `${STORAGE.run}/u/${slug}`
/** Directory on a PC whose one entry, `shared`, is the shared folder. */
export const SHARED_PARENT = `${STORAGE.run}/shared`

/** The gateway: Service and account, ports, and what it keeps in `deskfleet-system`. */
export const GATEWAY = {
  service: 'gateway',
  /** The headless Service that names each of its pods, for the door. */
  pods: 'gateway-pods',
  /** HTTPS in the pod; the Service shows it as 443. */
  port: 8443,
  servicePort: 443,
  /** Rendered ConfigMap: `desktops.json`, what people may start (gateway/offer.ts). */
  config: 'gateway',
  /** Secret, made and rotated by the gateway: the keys of people's sessions. */
  sessionsSecret: 'gateway-sessions',
  /** ConfigMap, kept by the gateway: sessions that ended early. */
  revokedConfigMap: 'gateway-revoked',
  /** Secret of type kubernetes.io/tls that an administrator may make: the certificate that browsers trust. */
  certificateSecret: 'gateway-certificate',
  /** The Lease of the replica that starts and stops desktops. */
  lease: 'gateway',
} as const

/** The LDAP group whose members may use the administrator's page. */
export const ADMINISTRATORS = 'administrators'

/** What gateway and bridge agree on: how a desktop's pod is reached, and where it finds its own secrets. */
export const DESKTOP = {
  /** PriorityClass of desktops; the chart `namespaces` makes it. */
  priorityClass: 'deskfleet-desktop',
  /** TLS of the bridge in the pod; the Service `desktop-<slug>` shows it as 443. */
  port: 8443,
  servicePort: 443,
  /** Where the pod finds its Secret `desktop-<slug>`: `tls.crt`, `tls.key` (self-signed, pinned by the gateway), `token`. */
  secrets: '/run/secrets/deskfleet.io/desktop',
} as const

/** What answers at the room's one address. */
export const DOOR = {
  /** On 127.0.0.1 of each master: whether its door leads anywhere. */
  health: 9443,
  /** VRRP's number of the room's address; another one in the same network must have another. */
  router: 71,
} as const

/** What the bridge answers. All but `health` and `ready` ask for `Authorization: Bearer <token>`. */
export const BRIDGE_PATHS = {
  /** The process lives. */
  health: '/healthz',
  /** Home and lock are the person's, Xvnc and the session are up. */
  ready: '/readyz',
  /** Websocket of raw RFB bytes in binary messages. A newer viewer ends the older one with `TAKEN_OVER`. */
  screen: '/screen',
  /** GET: JSON `BridgeState` (bridge/state.ts). */
  state: '/state',
  /** POST, JSON `{ "text": string }`: shows the person a message on the desktop. */
  message: '/message',
  /** POST: the same as input, for "keep my desktop". */
  keep: '/keep',
  /** GET `?path=` relative to the home: a folder as JSON, a file as bytes. PUT `?path=`: a new file, never over an old one. */
  files: '/files',
} as const

/** Close codes of the screen's websocket, for the page. */
export const SCREEN_CLOSED = { takenOver: 4001, fenced: 4002, stopping: 4003 } as const

/** The condition of an Identity that storage sets. */
export const HOME_READY = 'HomeReady'
