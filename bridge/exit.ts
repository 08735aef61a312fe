/** The bridge's own exit codes, besides those of every program. */
export const BRIDGE_EXIT = {
  /** Another pod has the home. */
  fenced: 3,
  /** The home is not the person's. */
  wrongHome: 4,
} as const
