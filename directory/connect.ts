import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { Client } from 'ldapts'
import { asDirectoryError, DirectoryError } from './errors.ts'

/** Where a directory is and how its certificate is checked. Only LDAPS: there is no unencrypted form. */
export interface Address {
  /** `ldaps://HOST[:PORT]`; HOST must be a name (or address) in the certificate. */
  readonly url: string
  /** PEM of the authority that must have signed the certificate. */
  readonly ca: string
  /** Another way there than TCP, as through the cluster's API; the certificate is checked against HOST all the same. */
  readonly transport?: () => Promise<Duplex>
  /**
   * How often a connection is begun before it counts as failed; default once. More make sense where several servers stand
   * behind one address: each may lead to another one, and one whose PC has just died is still among them for a while.
   */
  readonly tries?: number
  /** Milliseconds until a connection is given up; default 2,000. */
  readonly connectTimeout?: number
  /** Milliseconds until an answer is given up; default 5,000. */
  readonly timeout?: number
}

export interface Account {
  readonly dn: string
  readonly password: string
}

/**
 * One authenticated connection. It never reconnects by itself: a lost one fails what is under way and everything
 * after it, since whatever came next would be asked as nobody.
 *
 * @throws DirectoryError
 */
export async function connect(address: Address, account: Account): Promise<Client> {
  // LDAP calls a DN with a blank password an anonymous bind, which succeeds: it must never reach the wire.
  if (account.password.trim() === '') {
    throw new DirectoryError('blankPassword', `binding to ${address.url} as ${account.dn}`)
  }
  const where = `connecting to ${address.url} as ${account.dn}`
  try {
    const client = over(await anyHandshake(address), address)
    try {
      await client.bind(account.dn, account.password)
      return client
    } catch (error) {
      await hangUp(client)
      throw error
    }
  } catch (error) {
    throw asDirectoryError(error, where)
  }
}

/** Says goodbye if the connection still stands. */
export async function hangUp(client: Client): Promise<void> {
  await client.unbind().catch(() => {})
}

/** HOST and PORT of an address; 636 where none is given. */
export function hostOf(url: string): { readonly host: string; readonly port: number } {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed?.protocol !== 'ldaps:' || parsed.hostname === '') {
    throw new DirectoryError('unfitAddress', `"${url}" is not an address that can be used`)
  }
  return { host: parsed.hostname.replace(/^\[|\]$/g, ''), port: Number(parsed.port || 636) }
}

function over(socket: TLSSocket, address: Address): Client {
  let taken = false
  return new Client({
    url: address.url,
    timeout: address.timeout ?? 5_000,
    connectTimeout: address.connectTimeout ?? 2_000,
    createSecureConnection: () => {
      if (taken) throw new Error('Connection closed')
      taken = true
      return socket
    },
  })
}

/** Nothing of LDAP was said when one fails, so that another one may be tried. */
async function anyHandshake(address: Address): Promise<TLSSocket> {
  for (let left = (address.tries ?? 1) - 1; ; left--) {
    try {
      return await handshake(address)
    } catch (error) {
      if (left <= 0) throw error
    }
  }
}

/** TLS done and the certificate found good, before ldapts writes its first byte. */
async function handshake(address: Address): Promise<TLSSocket> {
  const { host, port } = hostOf(address.url)
  const through = await address.transport?.()
  const limit = address.connectTimeout ?? 2_000
  return await new Promise((done, fail) => {
    const socket = connectTls({
      ...(through ? { socket: through, host } : { host, port }),
      ...(isIP(host) ? {} : { servername: host }),
      ca: address.ca,
      minVersion: 'TLSv1.3',
      rejectUnauthorized: true,
    })
    const timer = setTimeout(
      () => socket.destroy(new Error(`no answer within ${limit} ms: timed out`)),
      limit,
    )
    socket.once('error', (error) => {
      clearTimeout(timer)
      fail(error)
    })
    socket.once('secureConnect', () => {
      clearTimeout(timer)
      socket.removeAllListeners('error')
      done(socket)
    })
  })
}
