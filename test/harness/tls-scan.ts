import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type PackageWish, packageTree } from '../../lab/debian/packages.ts'

/** sslscan, Debian's: unpacked into the cache once, as shellcheck is. It brings an OpenSSL of its own that still speaks what is bad. */
const SSLSCAN: PackageWish = { suite: 'trixie', packages: ['sslscan'], programs: ['sslscan'] }

/** What a scanner finds at a port of this machine; names as sslscan writes them, sorted. */
export interface TlsFindings {
  readonly protocols: readonly string[]
  readonly suites: readonly string[]
  readonly groups: readonly string[]
  /** What no server of 1.3 has: renegotiation, compression, answers to Heartbleed. */
  readonly weak: readonly string[]
  readonly certificate: X509Certificate
}

export async function scanTls(port: number): Promise<TlsFindings> {
  const { bin } = await packageTree(SSLSCAN)
  const options = ['--xml=-', '--iana-names', '--show-certificate', `127.0.0.1:${port}`]
  const { stdout: xml } = await promisify(execFile)(join(bin, 'sslscan'), options)
  const all = (tag: string) =>
    [...xml.matchAll(new RegExp(`<${tag} ([^>]*?)/?>`, 'g'))].map(([, text = '']) =>
      Object.fromEntries([...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value])),
    )
  const weak = [
    ...all('renegotiation').filter(({ supported }) => supported !== '0'),
    ...all('compression').filter(({ supported }) => supported !== '0'),
    ...all('heartbleed').filter(({ vulnerable }) => vulnerable !== '0'),
  ]
  const pem = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/.exec(xml)?.[0]
  if (pem === undefined) throw new Error(`no certificate is shown at ${port}: ${xml}`)
  return {
    protocols: all('protocol')
      .filter(({ enabled }) => enabled === '1')
      .map(({ type, version }) => `${type} ${version}`),
    suites: all('cipher')
      .map(({ cipher = '' }) => cipher)
      .sort(),
    groups: all('group')
      .map(({ name = '' }) => name)
      .sort(),
    weak: weak.map((one) => JSON.stringify(one)),
    certificate: new X509Certificate(pem),
  }
}
