/** Every label and annotation key that Deskfleet reads or writes. Nothing else may spell one out. */

export const PREFIX = 'deskfleet.io'

/** On pods and workload templates: the slug of the person whose pod this is (a claim, proved by admission). */
export const PERSON = `${PREFIX}/person`

/** On a namespace: `"true"` makes it one of desktops, so that admission guards its pods. */
export const DESKTOPS = `${PREFIX}/desktops`

/** On a Node: `"true"` says that its PC has a disk for Gluster, a brick. */
export const BRICK = `${PREFIX}/brick`

/** Annotation on the GlusterVolume: when an administrator asked last that what is behind is brought up to date, RFC 3339. */
export const HEAL_ASKED = `${PREFIX}/heal-asked`

/** Annotation on a person's pod: the text that the pod sees at `/etc/passwd`. */
export const PASSWD = `${PREFIX}/passwd`

/** Annotation on a person's pod: the text that the pod sees at `/etc/group`. */
export const GROUP = `${PREFIX}/group`

/**
 * Annotation on what belongs to one person, beside the slug, which another one may have later: LDAP's immutable name of
 * the person. On the PersistentVolume of a home, on every pod of a person (proved by admission), and on the Deployment,
 * Service and Secret of a desktop.
 */
export const ENTRY_UUID = `${PREFIX}/entry-uuid`

/**
 * Annotation on a rendered object: a field that must not change once people are there, as `PATH: what would happen`.
 * `npm run plan` marks a change of it.
 */
export const FIXED = `${PREFIX}/fixed`

/** Label on a desktop's Deployment and pod: the template that it was made from. */
export const TEMPLATE = `${PREFIX}/template`

/** Annotations on a desktop's Deployment, RFC 3339 times in UTC: the last key or pointer, and when it was stopped. */
export const LAST_INPUT = `${PREFIX}/last-input`
export const STOPPED_AT = `${PREFIX}/stopped-at`
/** Annotation on a desktop's Deployment: why it was stopped (`Idle`, `Person`, `Administrator`, `MadeRoom`, `Locked`,
 * `Removed`, `PasswordSet`). */
export const STOPPED_WHY = `${PREFIX}/stopped-why`
/** Annotation on a desktop's Deployment: since when its person waits for room in it. */
export const WAITING_SINCE = `${PREFIX}/waiting-since`

/** Annotation on a desktop's Deployment: since when it is started, after its turn came. */
export const STARTED_AT = `${PREFIX}/started-at`
/**
 * Annotation on a desktop's Deployment: which start this is, a name that no other start ever has. What its pods serve
 * with is for this start alone.
 */
export const START = `${PREFIX}/start`
/** Annotation on a desktop's Deployment: when it will be stopped if no input comes. There only while its person is warned. */
export const STOPS_AT = `${PREFIX}/stops-at`

/** Annotation on a desktop's Deployment: when its person was told last that their files take up more than they may. */
export const TOLD_OVER_LIMIT = `${PREFIX}/told-over-limit`

/** Annotation on a desktop's Deployment: the operation for which its person was told that it moves to another PC. */
export const TOLD_MOVE = `${PREFIX}/told-move`

/** Annotation on a desktop's Deployment: when the password was set that it was last begun or entered with. */
export const BEGUN_WITH_PASSWORD = `${PREFIX}/begun-with-password-of`

/**
 * Annotation on a Secret that the keeper of certificates keeps: an administrator asks for another certificate, since the
 * RFC 3339 time that it says; on the door's root, for one of `ROOT_STEPS`.
 */
export const ROTATE = `${PREFIX}/rotate`
/** Annotation on the ConfigMap of the inner authority's certificate: how far its rotation has come, as JSON. */
export const ROTATION = `${PREFIX}/rotation`

/** Labels on a node job and on what it is given: the operation that it belongs to, and the step of it. */
export const OPERATION = `${PREFIX}/operation`
export const STEP = `${PREFIX}/step`

/**
 * Annotations on the ControlPlaneGuard, by which administrators speak to the orchestrator; Git owns none of them. Why nothing
 * at all is to be done; why nothing new is to be begun; when somebody asked last to go on after a halt, RFC 3339; the
 * Node of the master that is to leave.
 */
export const HALT = `${PREFIX}/halt`
export const PAUSE = `${PREFIX}/pause`
export const RESUMED = `${PREFIX}/resumed`
export const STEP_DOWN = `${PREFIX}/step-down`

/** Label on a Node: `"true"` says that its PC shall never be a master. */
export const NEVER_MASTER = `${PREFIX}/never-master`
/**
 * Labels on a Node, which the installer sets: cores; GiB of memory, rounded to what it was sold with; x86-64-v1 to -v4, else
 * the kind of processor; nvme, ssd or rotational; Mbit/s of its link, left out where nobody knows. `installer/names` has them too.
 */
export const CORES = `${PREFIX}/cores`
export const MEMORY = `${PREFIX}/memory-gib`
export const CPU_LEVEL = `${PREFIX}/cpu-level`
export const DISK_KIND = `${PREFIX}/disk-kind`
export const LINK = `${PREFIX}/link-mbit`
/** Annotations on a Node: bytes free on the disk of the system, and how many ms a small write takes at most, 99 of 100 times. */
export const DISK_FREE = `${PREFIX}/disk-free`
export const WRITE_TAKES = `${PREFIX}/write-takes`
/** Annotation on a Node: the operation that made it unschedulable. */
export const CORDONED_BY = `${PREFIX}/cordoned-by`
/** Annotations on a Node: the operation for which its desktops move, and when they do, RFC 3339. */
export const MOVES_FOR = `${PREFIX}/desktops-move-for`
export const MOVES_AT = `${PREFIX}/desktops-move-at`

/** Label on the policies by which API servers refuse the kubelet of a PC that was stolen. */
export const LOST_PC = `${PREFIX}/lost-pc`

/** Kubeadm's own, on the Node of a master. */
export const MASTER = 'node-role.kubernetes.io/control-plane'
/** The same, by which load balancers outside of the cluster leave masters alone. */
export const NO_BALANCER = 'node.kubernetes.io/exclude-from-external-load-balancers'

/** Kubernetes' own recommended labels: what a thing is, and that it is ours. */
export const NAME = 'app.kubernetes.io/name'
export const PART_OF = 'app.kubernetes.io/part-of'
export const MANAGED_BY = 'app.kubernetes.io/managed-by'

/** The label that every namespace has from the API server: its own name. */
export const NAMESPACE_NAME = 'kubernetes.io/metadata.name'
