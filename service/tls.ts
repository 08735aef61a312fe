import type { X509Certificate } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'

/**
 * How our servers speak TLS: Mozilla's list *modern*, with the hybrid key exchange that browsers and Go offer first by
 * now. The three suites of 1.3 are all that Node has for it.
 */
export const MODERN = { minVersion: 'TLSv1.3', ecdhCurve: 'X25519MLKEM768:X25519:P-256:P-384' } as const

/** The certificate that the other end showed, if an authority that this server trusts signed it for calling. */
export function provenPeer(socket: Duplex): X509Certificate | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined
  return socket.getPeerX509Certificate()
}

/** The one common name of a certificate; undefined where it has none, or several. */
export function commonNameOf({ subject }: X509Certificate): string | undefined {
  // One part a line; a line's end within a value is escaped.
  const names = subject.split('\n').filter((part) => part.startsWith('CN='))
  return names.length === 1 ? names[0]?.slice('CN='.length) : undefined
}
