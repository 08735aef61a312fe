import { createHash } from 'node:crypto'
import { ADMINISTRATORS, FIRST_UID, HELPERS, HELPERS_GID } from '../../config/names.ts'

/** When slapd itself takes no password of somebody's any more, and for how long. Times in seconds. */
export const SLAPD_LOCK = { failures: 200, within: 300, lasts: 60 } as const

/** Every seeded entry is old, so that a member that is seeded again never overrides what somebody changed since. */
const SEEDED = '20200101000000'

type Entry = readonly [rdn: string, attributes: Readonly<Record<string, string | readonly string[]>>]

/**
 * The entries a new directory starts with, as `slapadd -n1` takes them. Names, entryUUIDs and stamps are a function of
 * the suffix alone: every member of the directory seeds itself alike. The two accounts with
 * passwords are apart: see {@link accountLdif}.
 */
export function seedLdif(baseDN: string, organization: string): string {
  return [base(baseDN, organization), ...entries(baseDN)]
    .map(([rdn, attributes]) => ldif(rdn === '' ? baseDN : `${rdn},${baseDN}`, attributes))
    .join('\n')
}

/** The group of helpers by itself, the same entry as in the seed: for a directory that began without it. */
export function helpersLdif(baseDN: string): string {
  const [rdn, attributes] = helpers(baseDN)
  return ldif(`${rdn},${baseDN}`, attributes)
}

/** The entry of one of the directory's own accounts but for its last line: `start` adds `userPassword` from a file. */
export function accountLdif(baseDN: string, name: 'admin' | 'reader' | 'replica'): string {
  return ldif(`cn=${name},${baseDN}`, {
    objectClass: ['organizationalRole', 'simpleSecurityObject'],
    cn: name,
    pwdPolicySubentry: `cn=accounts,ou=policies,${baseDN}`,
  })
}

function base(baseDN: string, organization: string): Entry {
  const [attribute = '', value = ''] = (baseDN.split(',')[0] ?? '').split('=')
  return attribute.toLowerCase() === 'dc'
    ? ['', { objectClass: ['dcObject', 'organization'], dc: value, o: organization }]
    : ['', { objectClass: 'organization', o: [...new Set([value, organization])] }]
}

const unit = (name: string): Entry => [`ou=${name}`, { objectClass: 'organizationalUnit', ou: name }]

const counter = (name: string, next: number, description: string): Entry => [
  `cn=${name},ou=policies`,
  { objectClass: 'device', cn: name, serialNumber: String(next), description },
]

/** A groupOfNames must have a member: `cn=nobody`, which no entry bears, stands in every group for that. */
const group = (baseDN: string, name: string, gid: number, description: string): Entry => [
  `cn=${name},ou=groups`,
  {
    objectClass: ['groupOfNames', 'posixGroup'],
    cn: name,
    gidNumber: String(gid),
    member: `cn=nobody,${baseDN}`,
    description,
  },
]

const helpers = (baseDN: string): Entry =>
  group(baseDN, HELPERS, HELPERS_GID, 'Those who may give others a one-time password')

const policy = (name: string, more: Readonly<Record<string, string>>): Entry => [
  `cn=${name},ou=policies`,
  {
    objectClass: ['device', 'pwdPolicy'],
    cn: name,
    pwdAttribute: 'userPassword',
    pwdMinLength: '10',
    pwdCheckQuality: '2',
    pwdInHistory: '3',
    pwdMustChange: 'FALSE',
    pwdAllowUserChange: 'TRUE',
    ...more,
  },
]

function entries(baseDN: string): Entry[] {
  return [
    unit('people'),
    unit('groups'),
    unit('policies'),
    // An administrator's lock. Guessing is slowed by the gateway (gateway/login/throttle.ts), whose limits never come
    // near: whoever could reach this one could lock somebody out by typing their name.
    policy('default', {
      // Whoever was given a one-time password (pwdReset) does nothing with it but choose another. It changes nothing for
      // other passwords that an administrator sets: for those slapd asks `manage`, and nobody has that on passwords.
      pwdMustChange: 'TRUE',
      pwdLockout: 'TRUE',
      pwdMaxFailure: String(SLAPD_LOCK.failures),
      pwdFailureCountInterval: String(SLAPD_LOCK.within),
      pwdLockoutDuration: String(SLAPD_LOCK.lasts),
    }),
    // Nobody may lock the directory's own accounts out by guessing: their passwords are long and random.
    policy('accounts', { pwdLockout: 'FALSE' }),
    counter('next-uid', FIRST_UID, 'The uidNumber that the next person gets'),
    counter('next-gid', FIRST_UID + 2, 'The gidNumber that the next group gets'),
    group(baseDN, 'people', FIRST_UID, 'Everybody who may have a desktop'),
    group(baseDN, ADMINISTRATORS, FIRST_UID + 1, 'Those who look after the room'),
    helpers(baseDN),
  ]
}

function ldif(dn: string, attributes: Entry[1]): string {
  const stamped = {
    ...attributes,
    entryUUID: uuidOf(dn),
    entryCSN: `${SEEDED}.000000Z#000000#000#000000`,
    createTimestamp: `${SEEDED}Z`,
    modifyTimestamp: `${SEEDED}Z`,
  }
  const lines = Object.entries(stamped).flatMap(([name, values]) =>
    (typeof values === 'string' ? [values] : values).map((value) => line(name, value)),
  )
  return [`dn: ${dn}`, ...lines, ''].join('\n')
}

const PLAIN = /^[A-Za-z0-9][\x20-\x7e]*$/

const line = (name: string, value: string): string =>
  PLAIN.test(value) && !value.endsWith(' ')
    ? `${name}: ${value}`
    : `${name}:: ${Buffer.from(value).toString('base64')}`

/** A name-based UUID (version 5, in the namespace for distinguished names) of a DN. */
function uuidOf(dn: string): string {
  const namespace = Buffer.from('6ba7b8149dad11d180b400c04fd430c8', 'hex')
  const digest = createHash('sha1').update(namespace).update(dn.toLowerCase()).digest().subarray(0, 16)
  digest.writeUInt8((digest.readUInt8(6) & 0x0f) | 0x50, 6)
  digest.writeUInt8((digest.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = digest.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
