import { LOCKED_FOR_GOOD } from '../../config/lock.ts'
import { ADMINISTRATORS, HELPERS } from '../../config/names.ts'

/** slapd itself, by its socket (ldapi), proved by the kernel: root of cn=config and of the data. No password exists. */
const ITSELF = 'gidNumber=@GID@+uidNumber=@UID@,cn=peercred,cn=external,cn=auth'

/**
 * cn=config of slapd 2.6 as `slapadd -n0` takes it. `start` fills in the marks: paths, slapd's own uid and gid, which of
 * several servers this one is, and what it does as one of them (`@REPLICATED@`, nothing where it is alone).
 * Order matters: the argon2 module stands before the frontend, which names its hash.
 */
export function configLdif(baseDN: string): string {
  return [global, modules, schemas, frontend, configDatabase, data(baseDN), overlays(baseDN)].join('\n')
}

const global = `dn: cn=config
objectClass: olcGlobal
cn: config
olcServerID: @SERVER_ID@
olcPidFile: @RUN_DIR@/slapd.pid
olcArgsFile: @RUN_DIR@/slapd.args
olcTLSCACertificateFile: @AUTHORITIES@
olcTLSCertificateFile: @PAIR@/tls.crt
olcTLSCertificateKeyFile: @PAIR@/tls.key
olcTLSProtocolMin: 3.4
olcTLSECName: X25519:P-256:P-384
olcTLSVerifyClient: never
olcLocalSSF: 256
olcSecurity: ssf=128
olcThreads: 8
olcIdleTimeout: 900
olcLogLevel: none
`

const modules = `dn: cn=module{0},cn=config
objectClass: olcModuleList
cn: module{0}
olcModulePath: @MODULE_DIR@
olcModuleLoad: back_mdb
olcModuleLoad: argon2 m=19456 t=2 p=1
olcModuleLoad: syncprov
olcModuleLoad: ppolicy
olcModuleLoad: dynlist
olcModuleLoad: refint
`

const schemas = `dn: cn=schema,cn=config
objectClass: olcSchemaConfig
cn: schema

include: file://@SCHEMA_DIR@/core.ldif

include: file://@SCHEMA_DIR@/cosine.ldif

include: file://@SCHEMA_DIR@/inetorgperson.ldif

include: file://@SCHEMA_DIR@/dyngroup.ldif

include: file://@SLAPD_FILES@/rfc2307bis.ldif
`

const frontend = `dn: olcDatabase={-1}frontend,cn=config
objectClass: olcDatabaseConfig
objectClass: olcFrontendConfig
olcDatabase: {-1}frontend
olcPasswordHash: {ARGON2}
olcSizeLimit: 500
olcAccess: {0}to dn.base="" by * read
olcAccess: {1}to dn.base="cn=Subschema" by users read
olcAccess: {2}to * by * none
`

const configDatabase = `dn: olcDatabase={0}config,cn=config
objectClass: olcDatabaseConfig
olcDatabase: {0}config
olcRootDN: ${ITSELF}
olcAccess: {0}to * by * none
`

/** Of people alone, and of nobody whom an administrator locked: with a new password slapd would lift the lock. */
const OPEN = `(&(objectClass=posixAccount)(!(pwdAccountLockedTime=${LOCKED_FOR_GOOD})))`

/**
 * As slapd works out sets: not empty where the entry is an administrator's or a helper's, by any of the three ways in which
 * the identity sync takes somebody for a member of a group.
 */
function trusted(baseDN: string): string {
  return [ADMINISTRATORS, HELPERS]
    .map((name) => `[cn=${name},ou=groups,${baseDN}]`)
    .flatMap((group) => [
      `(this & ${group}/member)`,
      `(this/uid & ${group}/memberUid)`,
      `(this/gidNumber & ${group}/gidNumber)`,
    ])
    .join(' | ')
}

/**
 * The people. Only the administrator writes (`manage`), a person their own password; the reading account sees people
 * and groups, but no password, past or present. On passwords the administrator has no more than `write`: `manage`
 * would let a short one pass the policy. A helper writes passwords, and that they are one-time ones, of those who are
 * neither locked nor trusted with more; they read none, and nothing else of others. The replicas' account reads all that
 * is replicated, and writes nothing. The root DN serves the overlays' own writes and the local socket.
 */
function data(baseDN: string): string {
  const admin = `by dn.exact="cn=admin,${baseDN}" manage`
  const reader = `by dn.exact="cn=reader,${baseDN}" read`
  return `dn: olcDatabase={1}mdb,cn=config
objectClass: olcDatabaseConfig
objectClass: olcMdbConfig
olcDatabase: {1}mdb
olcSuffix: ${baseDN}
olcRootDN: ${ITSELF}
olcDbDirectory: @DB_DIR@
olcDbMaxSize: 1073741824
olcDbIndex: objectClass eq
olcDbIndex: uid,cn eq,sub
olcDbIndex: uidNumber,gidNumber,member,memberUid eq
olcDbIndex: entryUUID,entryCSN,modifyTimestamp eq
olcLastMod: TRUE
olcRequires: authc
olcLimits: {0}dn.exact="cn=admin,${baseDN}" size=unlimited time=unlimited
olcLimits: {1}dn.exact="cn=reader,${baseDN}" size=unlimited time=unlimited
olcLimits: {2}dn.exact="cn=replica,${baseDN}" size=unlimited time=unlimited
olcAccess: {0}to * by dn.exact="cn=replica,${baseDN}" read by * break
olcAccess: {1}to dn.children="ou=people,${baseDN}" filter="${OPEN}" attrs=userPassword,pwdReset by set="${trusted(baseDN)}" break by group/groupOfNames/member="cn=${HELPERS},ou=groups,${baseDN}" =w by * break
olcAccess: {2}to attrs=userPassword by dn.exact="cn=admin,${baseDN}" write by self =xw by anonymous auth by * none
olcAccess: {3}to attrs=pwdHistory,pwdFailureTime ${admin} by * none
olcAccess: {4}to dn.base="${baseDN}" ${admin} ${reader} by users read
olcAccess: {5}to dn.subtree="ou=people,${baseDN}" ${admin} ${reader} by self read by * none
olcAccess: {6}to dn.subtree="ou=groups,${baseDN}" ${admin} ${reader} by * none
olcAccess: {7}to * ${admin} by * none
@REPLICATED@
`
}

/**
 * Replication's log, password policy, memberOf worked out on reading, references kept whole. Not `unique`: it answers
 * before the access rules are asked, so anybody with a password could try out which numbers are given out. The commands
 * look for themselves, and the identity sync refuses a number that two have.
 */
function overlays(baseDN: string): string {
  const database = 'olcDatabase={1}mdb,cn=config'
  return `dn: olcOverlay={0}syncprov,${database}
objectClass: olcSyncProvConfig
olcOverlay: {0}syncprov
olcSpCheckpoint: 100 10
olcSpSessionlog: 1000

dn: olcOverlay={1}ppolicy,${database}
objectClass: olcPPolicyConfig
olcOverlay: {1}ppolicy
olcPPolicyDefault: cn=default,ou=policies,${baseDN}
olcPPolicyHashCleartext: TRUE
olcPPolicyUseLockout: FALSE

dn: olcOverlay={2}dynlist,${database}
objectClass: olcDynListConfig
olcOverlay: {2}dynlist
olcDynListAttrSet: groupOfURLs memberURL member+memberOf@groupOfNames

dn: olcOverlay={3}refint,${database}
objectClass: olcRefintConfig
olcOverlay: {3}refint
olcRefintAttribute: member
olcRefintNothing: cn=nobody,${baseDN}
`
}
