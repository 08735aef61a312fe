/** What the cluster says of the servers' disks, at one moment. Times in ms since 1970. */
export interface Facts {
  readonly claims: readonly Claim[]
  readonly disks: readonly Disk[]
  readonly servers: readonly Server[]
  readonly pcs: readonly Pc[]
}

/** What one server asks for: a disk that is its own, wherever it runs. */
export interface Claim {
  readonly name: string
  readonly uid: string
  /** Whether it is for a disk of this kind, and not of a StorageClass of the site. */
  readonly ours: boolean
  /** The PC that the scheduler chose for it; nothing before it did. */
  readonly chosen: string | undefined
  /** It is being removed. */
  readonly leaving: boolean
}

/** A folder of one PC, as a PersistentVolume. */
export interface Disk {
  readonly name: string
  readonly claimUid: string
  readonly pc: string
}

/** The pod of one server. */
export interface Server {
  readonly name: string
  readonly uid: string
  readonly claim: string
  /** Where it runs, or ran; '' before it came to one. */
  readonly pc: string
  /** Whether it has what the others have; its own program says so. */
  readonly ready: boolean
}

export interface Pc {
  readonly name: string
  /** The label by which a disk is bound to it. */
  readonly hostname: string
  readonly ready: boolean
  /** Since when it is so; nothing where the cluster does not say. */
  readonly since: number | undefined
  /** Whether new pods come to it. */
  readonly open: boolean
}

export type Step =
  | { readonly step: 'make-disk'; readonly claim: Claim; readonly pc: Pc }
  /** The claim that it was made for is gone. What lies on the PC stays there. */
  | { readonly step: 'forget-disk'; readonly disk: Disk }
  /** The server begins anew on another PC, and fills itself from the others. */
  | {
      readonly step: 'move'
      readonly claim: Claim
      /** What is left of it on the PC that is gone. */
      readonly server: Server | undefined
      readonly why: string
    }

export interface Plan {
  readonly steps: readonly Step[]
  /** Servers without their PC that stay where they are: which, and why. */
  readonly waiting: readonly { readonly claim: string; readonly why: string }[]
}
