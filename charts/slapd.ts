import { BASE_DN_PATTERN } from '../config/names.ts'
import { configLdif } from './slapd/config.ts'
import { schemaLdif } from './slapd/schema.ts'
import { accountLdif, helpersLdif, seedLdif } from './slapd/seed.ts'
import { startScript } from './slapd/start.ts'

/**
 * The files of the ConfigMap from which slapd starts, none of them secret: `start` (POSIX sh, the container's
 * command), `config.ldif` (cn=config with `@PATH@` marks that `start` fills in), `rfc2307bis.ldif`, `seed.ldif`, of that the group
 * of helpers once more (`helpers.ldif`, for a directory that began without it), and the three accounts that `start` completes
 * by their passwords. They are the same for one server and for several: what differs is told to `start` by environment.
 *
 * @param options.baseDN The directory's suffix, as `dc=room,dc=example` or `o=room`.
 * @param options.organization The name that the top entry bears.
 * @throws when the suffix starts with neither `dc=` nor `o=`, or has characters that need escaping.
 */
export function slapdFiles(options: {
  readonly baseDN: string
  readonly organization: string
}): Readonly<Record<string, string>> {
  if (!BASE_DN_PATTERN.test(options.baseDN)) {
    throw new Error(
      `"${options.baseDN}" cannot be the directory's suffix: write it as dc=room,dc=example or o=room, ` +
        'of letters, digits and hyphens, without spaces',
    )
  }
  return {
    start: startScript,
    'config.ldif': configLdif(options.baseDN),
    'rfc2307bis.ldif': schemaLdif,
    'seed.ldif': seedLdif(options.baseDN, options.organization),
    'helpers.ldif': helpersLdif(options.baseDN),
    'admin.ldif': accountLdif(options.baseDN, 'admin'),
    'reader.ldif': accountLdif(options.baseDN, 'reader'),
    'replica.ldif': accountLdif(options.baseDN, 'replica'),
  }
}
