import { GATEWAY_CALLER, LDAP, NAMESPACES, WEBHOOK } from './names.ts'

const { system, directory } = NAMESPACES

const WEBHOOK_SERVICE = `${WEBHOOK.service}.${system}.svc`

/** The names by which the API server calls the webhook. */
export const WEBHOOK_NAMES = [WEBHOOK_SERVICE, `${WEBHOOK_SERVICE}.cluster.local`] as const

/** The name by which bridges know the gateway. */
export const CALLER_NAMES = [GATEWAY_CALLER] as const

/** The names in slapd's certificate: its Services, each of its pods, and itself. */
export const DIRECTORY_NAMES = [
  `${LDAP.service}.${directory}.svc`,
  `${LDAP.writer}.${directory}.svc`,
  `${LDAP.service}.${directory}`,
  `${LDAP.service}.${directory}.svc.cluster.local`,
  `*.${LDAP.pods}.${directory}.svc`,
  `*.${LDAP.pods}.${directory}.svc.cluster.local`,
  'localhost',
  '127.0.0.1',
] as const

/** Names under which somebody does call slapd: a certificate that lacks one of them is of no use. */
export const CALLED_DIRECTORY_NAMES = [
  `${LDAP.service}.${directory}.svc`,
  `${LDAP.writer}.${directory}.svc`,
  `${LDAP.service}-0.${LDAP.pods}.${directory}.svc`,
  'localhost',
  '127.0.0.1',
] as const

/** X.509 bounds a CN; no name of a Linux machine is longer either. */
export const LONGEST_COMMON_NAME = 64

/**
 * What the certificate of a PC in the Gluster pool is for, in the words of CertificateSigningRequests: glusterd, bricks
 * and FUSE clients serve and call with the same one.
 */
export const POOL_USAGES = ['digital signature', 'server auth', 'client auth'] as const
