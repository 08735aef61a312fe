/**
 * How long storage stands still when a PC dies, and who waits for it, in ms: each longer than the one before, so that
 * no desktop loses its home to a stall that ends by itself.
 */
export const STALL = {
  /** Clients give up a brick that says nothing for so long (`network.ping-timeout`). */
  pingTimeout: 5_000,
  /** A write takes no longer than this while they do: what is promised. */
  longestWrite: 12_000,
  /** A desktop that cannot write its lock for so long gives its home up. */
  lockGivenUp: 15_000,
  /** A lock that was not written for so long may be taken by another desktop of the person. */
  lockTaken: 20_000,
} as const
