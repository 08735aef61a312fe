import { readFile } from 'node:fs/promises'
import { given } from '../service/settings.ts'
import type { Address } from './connect.ts'
import { type Directory, openDirectory } from './directory.ts'

/** The directory as a service's pod is told of it: by variables, and by files that are mounted and may change. */
export interface MountedDirectory {
  readonly url: string
  /** Where writes are taken; the same where one server does all. */
  readonly writerUrl: string
  readonly baseDN: string
  /** The certificate authority, PEM. */
  readonly caFile: string
  readonly bindDN: string
  readonly passwordFile: string
}

const WRITER = 'DESKFLEET_LDAP_WRITER_URL'

export const LDAP_VARIABLES = {
  DESKFLEET_LDAP_URL: given,
  [WRITER]: given.optional(),
  DESKFLEET_LDAP_BASE_DN: given,
  DESKFLEET_LDAP_BIND_DN: given,
  DESKFLEET_LDAP_PASSWORD_FILE: given,
  DESKFLEET_LDAP_CA_FILE: given,
} as const

export const mountedDirectory = (
  env: Readonly<Record<Exclude<keyof typeof LDAP_VARIABLES, typeof WRITER>, string>> & {
    readonly [WRITER]?: string | undefined
  },
): MountedDirectory => ({
  url: env.DESKFLEET_LDAP_URL,
  writerUrl: env[WRITER] ?? env.DESKFLEET_LDAP_URL,
  baseDN: env.DESKFLEET_LDAP_BASE_DN,
  caFile: env.DESKFLEET_LDAP_CA_FILE,
  bindDN: env.DESKFLEET_LDAP_BIND_DN,
  passwordFile: env.DESKFLEET_LDAP_PASSWORD_FILE,
})

/** Where it is, with the authority as it is mounted now. */
export const addressOf = async ({
  url,
  writerUrl,
  caFile,
}: Pick<MountedDirectory, 'url' | 'writerUrl' | 'caFile'>): Promise<Address> => ({
  url,
  ca: await readFile(caFile, 'utf8'),
  // Behind the address of readers stand several servers then.
  ...(url === writerUrl ? {} : { tries: 3 }),
})

/** Opens it as the mounted account; both files are read anew for each connection. */
export const openMounted = (mounted: MountedDirectory): Directory =>
  openDirectory({
    url: mounted.url,
    baseDN: mounted.baseDN,
    reach: async () => ({
      address: await addressOf(mounted),
      account: { dn: mounted.bindDN, password: (await readFile(mounted.passwordFile, 'utf8')).trim() },
    }),
  })
