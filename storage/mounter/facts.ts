/** A folder that must be seen on this PC. */
export interface Wanted {
  /** Below the run directory: `u/<slug>` or `shared`. */
  readonly parent: string
  /** The one entry of the parent: the login, or `shared`. */
  readonly name: string
  /** Below the storage directory. */
  readonly source: string
  /** It lies in the storage that homes are moved away from. */
  readonly from?: true
  /** Which directory that is, by device and inode; undefined when it is not there. */
  readonly id: string | undefined
  /** Shown whatever pods there are; so it may be shown from elsewhere while it is not in use. */
  readonly always?: true
  /** Shown before the storage directory has its marker: whoever lays that needs it. */
  readonly bare?: true
}

/** A mount that stands below the run directory. */
export interface Mounted {
  readonly parent: string
  readonly name: string
  /** Which directory it shows; undefined when it does not answer, since its server or process died. */
  readonly id: string | undefined
  /** It does not answer now, but what is behind it lives: it is left alone. */
  readonly waits?: true
  /** Shown from another mount of the storage than new homes are. */
  readonly old?: true
}

export interface Observed {
  readonly wanted: readonly Wanted[]
  /** Parents that some pod of this PC uses, ready or not: never taken away. */
  readonly used: ReadonlySet<string>
  readonly mounted: readonly Mounted[]
  /** Whether the storage directory is there, by its marker. */
  readonly storage: boolean
}
