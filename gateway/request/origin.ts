import type { IncomingHttpHeaders } from 'node:http'

/** Why a request is not to be served, or nothing when it may be. */
export type OriginFault = 'host' | 'foreign'

/**
 * Whether we are called by a name of ours. The port is the caller's business: the door may stand at another.
 */
export function hostFault(host: string | undefined, hosts: readonly string[]): OriginFault | undefined {
  const name = nameOf(host)
  return name !== undefined && hosts.includes(name) ? undefined : 'host'
}

/**
 * Whether what would change something comes from a page of ours: `Origin` must be this very host over HTTPS. A browser
 * that sends none must say `same-origin` itself; whoever says nothing at all is no browser with a session of ours.
 */
export function originFault(headers: IncomingHttpHeaders, hosts: readonly string[]): OriginFault | undefined {
  const { host, origin } = headers
  const fault = hostFault(host, hosts)
  if (fault) return fault
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin') return 'foreign'
  if (origin === undefined) return site === 'same-origin' ? undefined : 'foreign'
  return origin.toLowerCase() === `https://${host?.toLowerCase()}` ? undefined : 'foreign'
}

/** A websocket's upgrade: browsers always send `Origin` with it, so it must be there. */
export function upgradeFault(
  headers: IncomingHttpHeaders,
  hosts: readonly string[],
): OriginFault | undefined {
  return headers.origin === undefined ? 'foreign' : originFault(headers, hosts)
}

const HOST = /^([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/i

function nameOf(host: string | undefined): string | undefined {
  return HOST.exec(host ?? '')?.[1]
    ?.toLowerCase()
    .replace(/^\[|\]$/g, '')
}
