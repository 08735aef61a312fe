import type { ConnectionLimits } from '../../service/connections.ts'
import type { HttpsLimits } from '../../service/https.ts'

/** Ms. Uploads take longer than any request should: their route says so when it begins to read one. */
export const LIMITS: HttpsLimits = {
  headersTimeout: 8_000,
  requestTimeout: 0,
  bodyTimeout: 15_000,
  keepAliveTimeout: 65_000,
  handshakeTimeout: 5_000,
  silence: 90_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 16 * 1024,
  maxHeadersCount: 60,
}

/**
 * A school may stand behind one address: a browser opens six connections until its person is known, and whoever is known
 * counts for that address no more. A page that nobody has logged in at is loaded within the life of a stranger.
 */
export const CONNECTIONS: ConnectionLimits = {
  most: 6_000,
  perAddress: 240,
  perKnown: 64,
  strangerLife: 120_000,
}
