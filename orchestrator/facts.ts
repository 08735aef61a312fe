/**
 * All that a decision about masters rests on, as types: what was seen in one look. Times are ms since 1970. What was asked and not answered is `'unread'`,
 * and never a value that looks like health or like absence.
 */

export interface Facts {
  readonly nodes: readonly Node[]
  readonly etcd: Etcd | 'unread'
  /** The masters whose API server said 200 to `/readyz` at its own address. */
  readonly apis: readonly string[]
  /** What other PCs said when they were asked whether they reach a master. */
  readonly reached: readonly Reached[]
  /** The node jobs that exist, of whatever operation. */
  readonly jobs: readonly Job[]
  /** What a PC needs to join, where it lies in the cluster: certificate key, `kubeadm-certs`, bootstrap token. */
  readonly secrets: readonly JoinSecrets[]
  /** The newest backup that was proven by restoring it. */
  readonly backup: { readonly at: number; readonly revision: string } | undefined
  /** Whether backups are made here at all. */
  readonly backsUp: boolean
  /** Since when the controller-manager's Lease has the holder that it has. */
  readonly controllersSince: number | undefined
  /** The slowest answer of the API server in this look, in ms. */
  readonly latency: number
  /** Masters run different versions: somebody is at it. */
  readonly upgrading: boolean
  readonly orders: Orders
}

/** What the administrator asks for now: annotations of the Guard, which Git does not own. */
export interface Orders {
  /** Why nothing at all is to be done; `undefined`: go on. */
  readonly halt: string | undefined
  /** When somebody asked last to go on after a halt; 0 where nobody did. */
  readonly resumed: number
  /** Why nothing new is to be begun. */
  readonly pauses: readonly string[]
  /** The master that is to leave. */
  readonly stepDown: string | undefined
}

/** A PC of the room. */
export interface Node {
  readonly name: string
  /** Another one under the same name has another one. */
  readonly uid: string
  /** The condition Ready. */
  readonly ready: boolean
  /** `renewTime` of its Lease as it stands there. The PC's clock wrote it: it is compared with itself alone. */
  readonly renewTime: string | undefined
  /** Another boot has another one: the only proof of a reboot. */
  readonly bootId: string
  /** Has the label of masters. */
  readonly master: boolean
  readonly unschedulable: boolean
  /** The operation that made it unschedulable, by its annotation; undefined where it was somebody else. */
  readonly cordonedBy: string | undefined
  /** The operation of which the people on it were warned, by its annotation. */
  readonly warnedBy: string | undefined
  /** Of its kubelet. */
  readonly version: string
  readonly cores: number
  /** Bytes. */
  readonly memory: number
  /** Bytes free on the system's disk, and the 99th percentile of its fsync in ms; undefined where nobody measured. */
  readonly diskFree: number | undefined
  readonly fsync: number | undefined
  /** What fails together: `topology.kubernetes.io/zone`. */
  readonly zone: string | undefined
  /** The administrator wants it never to be a master. */
  readonly never: boolean
  readonly pods: readonly Pod[]
  readonly brick: NodeBrick | 'none'
}

/** The PC's brick of the volume. */
export interface NodeBrick {
  /** The set that it is of. */
  readonly set: number
  /** Whether the set goes on, whole and writable, while this PC is away. False also where that is not known. */
  readonly mayLose: boolean
}

export interface Pod {
  /** `namespace/name`. */
  readonly name: string
  readonly priority: number
  /** Of a DaemonSet, or a static one: it stays. */
  readonly stays: boolean
  /** A person's desktop. */
  readonly desktop: boolean
  /** A desktop that somebody uses now. */
  readonly active: boolean
  /** Has files on this PC that go with it. */
  readonly localData: boolean
  /** Somebody wants it never to be moved. */
  readonly pinned: boolean
}

export interface Etcd {
  /** Read by a member that has the quorum behind it. */
  readonly members: readonly Member[]
}

export interface Member {
  /** As etcd's JSON has it: more digits than a number holds. */
  readonly id: string
  /** The PC that it runs on, by its name or its peer's address. */
  readonly pc: string
  readonly learner: boolean
  /** Has a name: it ran once. */
  readonly started: boolean
  /** Said its status by its client URL, in one of three tries. */
  readonly answers: boolean
  readonly leader: boolean
  /** As `NOSPACE` and `CORRUPT`. */
  readonly alarms: readonly string[]
}

export interface Reached {
  readonly operation: string
  /** An operation asks twice: 1 before it begins, 2 before it takes anything away. */
  readonly round: number
  readonly master: string
  readonly from: string
  readonly reached: boolean
}

export interface Job {
  readonly name: string
  readonly operation: string
  readonly step: string
  readonly node: string
  readonly state: 'running' | 'finished' | 'failed'
  /** The line that it told at its end, for people. */
  readonly told: string
}

export interface JoinSecrets {
  readonly operation: string
  /** Everything that a join needs is there. */
  readonly whole: boolean
}
