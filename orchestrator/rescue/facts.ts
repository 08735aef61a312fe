/** What a rescue depends on, read before anything is decided. */
export interface Facts {
  /** Whether this may change everything on the PC. */
  readonly isRoot: boolean
  /** What of a control plane still lives, here or elsewhere, each as a sentence. */
  readonly alive: readonly string[]
  /** Which of the paths that a rescue writes are there already, below the root. */
  readonly present: readonly string[]
  /** Addresses of this PC that others can reach. */
  readonly addresses: readonly string[]
  readonly hostname: string
}

/** What whoever rescues says of this PC; where nothing is said, it is taken from what is found. */
export interface Wish {
  readonly name?: string
  readonly address?: string
}
