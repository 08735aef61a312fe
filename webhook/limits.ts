import type { ConnectionLimits } from '../service/connections.ts'
import type { HttpsLimits } from '../service/https.ts'

/**
 * Ms. A request is read whole within more than the API server gives an answer. The API server keeps idle connections for
 * 90 s, and ours must last longer: else a call and our closing cross each other on the way, and the call is lost.
 */
export const LIMITS: HttpsLimits = {
  requestTimeout: 3_000,
  bodyTimeout: 5_000,
  headersTimeout: 3_000,
  keepUnused: true,
  silence: 120_000,
  keepAliveTimeout: 120_000,
  handshakeTimeout: 5_000,
  connectionsCheckingInterval: 500,
}

/** The API servers of a room are three or five, and each asks many things at once; nobody else has anything to ask. */
export const CONNECTIONS: ConnectionLimits = { most: 2_000, perAddress: 500, perKnown: 0 }
