import { createHash } from 'node:crypto'

/** Names that several parts must agree on. A name that one file alone uses stays in that file. */

export const API_GROUP = 'deskfleet.io'
export const API_VERSION = 'v1alpha1'

export const NAMESPACES = {
  /** Gateway, webhook, identity sync, certificates, image-puller. */
  system: 'deskfleet-system',
  /** slapd. */
  directory: 'deskfleet-directory',
  /** Gluster and the mounter. */
  storage: 'deskfleet-storage',
  /** The meta-orchestrator and its jobs on nodes. */
  crown: 'deskfleet-crown',
  /** What answers at the room's one address. */
  door: 'deskfleet-door',
  /** What each PC does for the room. */
  node: 'deskfleet-node',
  /** The registry and the Git server of a room that has both itself. */
  sources: 'deskfleet-sources',
  /** People's desktops. */
  desktops: 'desktops',
} as const

/** Our namespaces in every room, whatever its settings. */
export const EVERY_ROOM: readonly string[] = Object.values(NAMESPACES).filter(
  (name) => name !== NAMESPACES.sources,
)

/** Of Kubernetes' own namespaces, those in which an account of ours has a right. */
export const KUBERNETES_NAMESPACES = ['default', 'kube-node-lease', 'kube-system'] as const

/** The custom resource that says who is who: cluster-scoped, named by slug. */
export const IDENTITY = { kind: 'Identity', plural: 'identities', singular: 'identity' } as const

/** The ConfigMap in `deskfleet-system` that the admission policies read: `<slug>: uid|gid|g1,g2|login`. */
export const IDENTITIES_CONFIG_MAP = 'identities'

/** The ConfigMap in `deskfleet-system` that says who is locked in the cluster itself, whatever LDAP says: config/lock.ts. */
export const LOCKED_PEOPLE = 'locked-people'

/**
 * The ConfigMap in `deskfleet-system` that says when the identity sync last read the whole directory and published it:
 * RFC 3339, once a minute. An object of its own, so that neither 10,000 Identities nor their digest are written for it.
 */
export const DIRECTORY_CHECKED = { configMap: 'directory-checked', key: 'at' } as const

/** The ConfigMap in `deskfleet-crown` that says which copy of etcd was proven last, when, and where it lies. */
export const ETCD_COPIES = { configMap: 'etcd-copies', key: 'newest' } as const

/** The custom resource by which masters are kept: cluster-scoped, and there is one. */
export const CONTROL_PLANE_GUARD = {
  kind: 'ControlPlaneGuard',
  plural: 'controlplaneguards',
  singular: 'controlplaneguard',
  name: 'default',
} as const

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
  /** Where there are several: the Service of the one that takes writes, its EndpointSlice, and the begin of its Lease's name. */
  writer: 'ldap-rw',
  /** Rendered ConfigMap in `deskfleet-directory`, there for as long as there are several: `servers`. */
  several: 'ldap-servers',
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
  /** Secret in `deskfleet-directory`: `password` of the account by which its servers read each other. */
  replicaSecret: 'ldap-replica',
  /** Secret in `deskfleet-directory`: `tls.crt`, `tls.key`, `ca.crt`. */
  tlsSecret: 'ldap-tls',
} as const

/** A folder of each PC's own disk, for the LDAP server that runs there (`ldap.disk: pc`). */
export const LDAP_DISK = {
  /** The program that gives them out: Deployment, account and Lease in `deskfleet-directory`. */
  program: 'ldap-disks',
  /** The DaemonSet in `deskfleet-node` that makes the folder on each PC. */
  folder: 'ldap-folder',
  /** On every PC. */
  path: '/var/lib/deskfleet/ldap',
  storageClass: 'deskfleet-ldap',
  /** Who gives out volumes of that class. */
  provisioner: 'deskfleet.io/ldap-disks',
  /** The begin of the volumes' names; the claim's uid follows. */
  volume: 'deskfleet-ldap-',
  /** The begin of the claims' names; the server's number follows. */
  claim: 'data-ldap-',
  /** What a server asks for; a folder has no size of its own. */
  size: '2Gi',
} as const

/** Copies of the directory: who makes them, and where. */
export const COPIES = {
  /** The program, its account, and the claim of its folder. */
  program: 'directory-copies',
  /** The volume behind that claim. */
  volume: 'deskfleet-directory-copies',
  /** The folder in the storage directory. */
  folder: 'copies',
  /** The same in the program's container. */
  mountPath: '/copies',
  /** Whom the folder belongs to: our programs that are not root. */
  uid: 65_532,
} as const

/** What services keep on the room's storage. */
export const SERVICE_DATA = {
  /** The folder in the storage directory: in it `NAME/CLAIM` for each claim of each service. */
  folder: 'services',
  /** Whom a folder belongs to, unless the service says otherwise: as our programs run that are not root. */
  uid: 65_532,
} as const

/** The volume behind a claim of a service: a point stands in no name of either. */
export const serviceVolume = (service: string, claim: string): string =>
  `deskfleet-service.${service}.${claim}`

/** Where images and Git come from in a room that has both itself (`sources.kind: room`), in `deskfleet-sources`. */
export const SOURCES = {
  /** The program: its Deployment and its Service; as the name of a service, it is where its data lie (SERVICE_DATA). */
  program: 'sources',
  /** The claim of what it keeps. */
  claim: 'data',
  /** What its Service shows: the registry, and Git. */
  registryPort: 5000,
  gitPort: 443,
  /** The room's one repository: the last part of its URL, and its folder. */
  repository: 'deskfleet.git',
  /** Secret: `tls.crt`, `tls.key`, `ca.crt`, `registry.logins`, `git.logins`, `http-secret`. */
  secret: 'sources',
  /** Secret that no pod mounts: `pull`, `push`, `argo`, `admin`, each `NAME:PASSWORD`. */
  loginsSecret: 'sources-logins',
} as const

/** How slapd is told that it may write: by a file beside its socket, written each second; so old, in seconds, it counts no more. */
export const GATE = { file: 'open', stale: 7 } as const

/** The cluster's own certificate authorities, and what they sign; all in `deskfleet-system`. */
export const AUTHORITY = {
  /** The program that alone reads their keys; its Deployment and its account. */
  keeper: 'certificate-keeper',
  /** Secret: the authority inside the cluster, which no person's machine trusts. `tls.crt`, `tls.key`. */
  secret: 'certificate-authority',
  /** ConfigMap: its certificate, for those who check others. `ca.crt`. */
  configMap: 'certificate-authority',
  /** Secret: the door's root, which people's machines trust, for the room's names alone. `tls.crt`, `tls.key`. */
  doorRootSecret: 'door-root',
  /** ConfigMap: its certificate, for people's machines. `ca.crt`. */
  doorRootConfigMap: 'door-root',
  /** Secret: the authority below the root that signs what the door serves. `tls.crt`, `tls.key`. */
  doorSecret: 'door-authority',
  /** Secret: the webhook's `tls.crt`, `tls.key`. */
  webhookSecret: 'webhook-tls',
  /** Secret: the gateway's `tls.crt` with the authority below the root, `tls.key`. */
  gatewaySecret: 'gateway-tls',
  /** Secret: of what leads to services (INGRESS): `tls.crt` with the authority below the root, `tls.key`. */
  ingressSecret: 'ingress-tls',
  /** Secret: by what the gateway is known to the bridges of desktops: `tls.crt`, `tls.key`, `ca.crt`. */
  callerSecret: 'gateway-caller',
} as const

/** What an administrator may ask of the door's root, by an annotation on its Secret. */
export const ROOT_STEPS = { prepare: 'prepare', switch: 'switch' } as const

/**
 * What leads people to the services of the room, each at a name below the door's, with the gateway's login in front. All in
 * `deskfleet-system`.
 */
export const INGRESS = {
  program: 'ingress',
  /** The headless Service that names each of its pods, for the door. */
  pods: 'ingress-pods',
  /** HTTPS in the pod. */
  port: 8443,
  /** Secret that an administrator may put there: a certificate for the names of all services, `tls.crt` and `tls.key`. */
  certificateSecret: 'services-certificate',
  /** Of each service's site, what is below it is ours: the way in, and no page of the service. */
  path: '/.deskfleet',
} as const

/** Field managers of server-side apply: who owns which field. */
export const FIELD_MANAGERS = {
  certificates: 'deskfleet-certificates',
  identitySync: 'deskfleet-identity-sync',
  homes: 'deskfleet-homes',
  mover: 'deskfleet-home-mover',
  gluster: 'deskfleet-gluster',
  directory: 'deskfleet-directory',
  disks: 'deskfleet-ldap-disks',
  gateway: 'deskfleet-gateway',
  /** An administrator, by `npx deskfleet`. */
  command: 'deskfleet-command',
} as const

/** uids and gids of people start here, so that no person is ever a system account. */
export const FIRST_UID = 10_000
/** The largest uid the kernel and Kubernetes both take. */
export const LAST_UID = 2_147_483_646

/** Groups below are the system's own, some of them as good as root: no person is ever in one. */
export const FIRST_GROUP_GID = 1_000

/**
 * Numbers that mean something to the kernel: the `nobody` that stands for whoever has no number, and the one that 16-bit
 * interfaces take for "leave it as it is".
 */
export const KERNEL_NUMBERS: readonly number[] = [65_534, 65_535]

/** Names that account files of every machine begin with: no person and no group of people has one. */
export const TAKEN_NAMES: ReadonlySet<string> = new Set(['root', 'nobody', 'nogroup'])

/** An LDAP suffix that slapd's seed can be made for: `dc=room,dc=example` or `o=room`, nothing that needs escapes. */
export const BASE_DN_PATTERN = /^(dc|o)=[A-Za-z0-9-]+(,(dc|o|c)=[A-Za-z0-9-]+)*$/

/** A login as Linux and LDAP take it. */
export const LOGIN_PATTERN = /^[a-z_][a-z0-9_.-]{0,31}$/
/** When a password was set: LDAP generalized time to the second, which sorts as text. */
export const PASSWORD_SET_PATTERN = /^\d{14}Z$/

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
  /** While homes are moved: the directory that they come from, as the programs' containers see it. */
  from: '/from',
  /** With a StorageClass of the site: the claim of the storage directory. */
  claim: 'storage',
  /** On every PC; what pods of people see of storage is below. On a tmpfs, so a reboot clears it. */
  run: '/run/deskfleet',
  /** On every PC, of a Gluster volume: where its client shows it. */
  volume: '/run/deskfleet/storage/home',
} as const

/** A PC's name, which is its Node's: as it may become a word of a command line, a line of a hosts file, a part of a path. */
export const PC_PATTERN = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/

/** What of ours every PC keeps on its own disk is below this. */
export const PC_FOLDER = '/var/lib/deskfleet'
/** Logs of what runs there outside all pods. */
export const PC_LOGS = '/var/log/deskfleet'

/** A Gluster volume on disks of the PCs (`storage.kind: gluster`). */
export const GLUSTER = {
  /** The DaemonSet of glusterd and its agent, on PCs with a brick; its account and its Lease. */
  server: 'gluster-server',
  /** The volume, and the custom resource that says how it shall be and is, in `deskfleet-storage`. */
  volume: 'home',
  /** On every PC that has one: where its brick, an XFS file system of its own, is mounted; Gluster is given `data` in it. */
  brick: '/var/lib/deskfleet/brick',
  /** On every PC: what its glusterd knows of the pool. In the pod it is /var/lib/glusterd. */
  state: '/var/lib/deskfleet/glusterd',
  /** On every PC: by what it is known to the others: glusterfs.key, glusterfs.pem, glusterfs.ca. */
  tls: '/var/lib/deskfleet/gluster-tls',
  /** Who signs the PCs' certificates: a signer of CertificateSigningRequests. */
  signer: 'deskfleet.io/gluster',
  /**
   * Secret in `deskfleet-system` that the keeper alone reads, and ConfigMap in `deskfleet-storage` with its certificate
   * (`ca.crt`): the authority of the pool, which signs nothing else.
   */
  authority: 'gluster-authority',
  /** Health and metrics of its agent, on the PC itself. */
  health: 9442,
  /** Where glusterd listens. */
  port: 24_007,
  /** Where bricks listen: the numbers of `images/gluster/glusterd.vol`. */
  bricks: { first: 49_152, last: 49_251 },
} as const

/** The custom resource of the volume: spec from Git, status by the agent that leads; in `deskfleet-storage`. */
export const GLUSTER_VOLUME = {
  kind: 'GlusterVolume',
  plural: 'glustervolumes',
  singular: 'glustervolume',
} as const

/** The custom resource of a PC's brick, named like its Node: spec by the administrator, status by that PC's agent. */
export const GLUSTER_BRICK = {
  kind: 'GlusterBrick',
  plural: 'glusterbricks',
  singular: 'glusterbrick',
} as const

/** The custom resource of what homes take up, as it was measured: a few for each set of disks; in `deskfleet-storage`. */
export const STORAGE_USAGE = {
  kind: 'StorageUsage',
  plural: 'storageusages',
  singular: 'storageusage',
} as const

/** While homes are moved from one storage to another: on which side one of them lies; in `deskfleet-storage`, by entryUUID. */
export const HOME_PLACE = {
  kind: 'HomePlace',
  plural: 'homeplaces',
  singular: 'homeplace',
} as const

/** What the administrator wants of that move, and how far it has come; one, in `deskfleet-storage`. */
export const STORAGE_MOVE = {
  kind: 'StorageMove',
  plural: 'storagemoves',
  singular: 'storagemove',
  name: 'homes',
  /** The program that moves them; its account and its Lease. */
  program: 'home-mover',
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
  /** Its Service and port for the ingress alone, which asks there who may come in. */
  entrance: 'gateway-entrance',
  entrancePort: 8444,
  /** Rendered ConfigMap, and its key: what people may start (gateway/offer.ts). */
  config: 'gateway',
  offer: 'desktops.json',
  /** Secret, made and rotated by the gateway: the keys of people's sessions. */
  sessionsSecret: 'gateway-sessions',
  /** ConfigMap, kept by the gateway: sessions that ended early. */
  revokedConfigMap: 'gateway-revoked',
  /** ConfigMap, kept by the gateway: logins that failed lately, as each replica counted them. */
  failuresConfigMap: 'gateway-failures',
  /** Secret of type kubernetes.io/tls that an administrator may make: the certificate that browsers trust. */
  certificateSecret: 'gateway-certificate',
  /** The Lease of the replica that starts and stops desktops. */
  lease: 'gateway',
} as const

/** The LDAP group whose members may use the administrator's page. */
export const ADMINISTRATORS = 'administrators'

/** The LDAP group whose members may give others a one-time password. */
export const HELPERS = 'helpers'
/** Below all that the directory gives out: a directory that is older than this group has given out the numbers above. */
export const HELPERS_GID = FIRST_UID - 1

/** Names of LDAP groups that are alike to LDAP have one key: capitals and small letters are the same. */
export const groupKey = (name: string): string => name.toLowerCase()

/** The name in the certificate by which the gateway calls bridges. */
export const GATEWAY_CALLER = `${GATEWAY.service}.${NAMESPACES.system}.svc`

/** What gateway and bridge agree on: how a desktop's pod is reached, and where it finds its own secrets. */
export const DESKTOP = {
  /** PriorityClass of desktops; the chart `namespaces` makes it. */
  priorityClass: 'deskfleet-desktop',
  /** TLS of the bridge in the pod; the Service `desktop-<slug>` shows it as 443. */
  port: 8443,
  servicePort: 443,
  /**
   * Where the pod finds its Secret `desktop-<slug>`: `tls.crt`, `tls.key` (self-signed for this start, pinned by the
   * gateway), `token`, and `gateway-ca.crt`, by which it knows the gateway.
   */
  secrets: '/run/secrets/deskfleet.io/desktop',
  gatewayAuthorities: 'gateway-ca.crt',
} as const

/** What watches over the masters, and makes one of a worker where one died. */
export const CROWN = {
  /** The program and its account, in `deskfleet-crown`; nobody else makes jobs there that reach the PC itself. */
  program: 'orchestrator',
  /** The CronJob that copies etcd, and its account. */
  backup: 'etcd-backup',
  /** On every PC: what node jobs call, and its units. */
  onPc: '/usr/local/sbin/deskfleet-crown',
  /** On every PC: a file with the URL of the API server at the room's one address. */
  door: '/etc/deskfleet/door',
  /** On a master: files that its API server is given beside kubeadm's own. Whoever becomes a master is brought them. */
  apiFiles: '/etc/kubernetes/api-server',
  /** Where a node job finds the files of its plan. */
  plan: '/run/plan',
} as const

/** Where an administrator's own service lives, and what its app is called. */
export const serviceNamespace = (service: string): string => `service-${service}`

/** A ConfigMap that Kubernetes lays into every namespace: the cluster's authority, as `ca.crt`. */
export const CLUSTER_AUTHORITY = 'kube-root-ca.crt'

/** Where the API server of a master listens, and the room's API at its one address. */
export const API_SERVER_PORT = 6443

/** What answers at the room's one address. */
export const DOOR = {
  /** On 127.0.0.1 of each master: where it is asked whether it should hold the address. */
  health: 9443,
  /** The path that says whether its door leads to a gateway. */
  leads: '/healthz',
  /** The path that says whether its own API server is ready. */
  apiServer: '/api-server',
  /** VRRP's number of the room's address; another one in the same network must have another. */
  router: 71,
} as const

/** What keeps desktops away from the network of the PCs: its program, and its port on each PC. */
export const PACKET_FILTER = { name: 'packet-filter', port: 9441 } as const

/** What the bridge answers. All but `health` and `ready` are for the gateway, with `Authorization: Bearer <token>`. */
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
  /**
   * GET `?path=` relative to the home: a folder as JSON, a file as bytes. PUT `?path=`: a new file, never over an old one.
   * DELETE `?path=`: removes a file, a link or an empty folder.
   */
  files: '/files',
} as const

/** Close codes of the screen's websocket, for the page. */
export const SCREEN_CLOSED = { takenOver: 4001, fenced: 4002, stopping: 4003 } as const

/** The condition of an Identity that storage sets. */
export const HOME_READY = 'HomeReady'
/** The condition of an Identity that the identity sync sets: admission knows this person. */
export const PUBLISHED = 'Published'
