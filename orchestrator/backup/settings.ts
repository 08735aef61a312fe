import { z } from 'zod'
import { isRecipient } from '../../config/copies.ts'
import { type Environment, given, PROGRAM, type Read, readSettings as read } from '../../service/settings.ts'

export interface Settings {
  /** Client URLs of etcd. */
  readonly endpoints: readonly string[]
  /** `/etc/kubernetes` of the master that it runs on. */
  readonly kubernetes: string
  /** The first place. */
  readonly copies: string
  readonly scratch: string
  /** etcd's own programs, by path. */
  readonly programs: { readonly etcd: string; readonly etcdutl: string }
  /** Public keys. */
  readonly recipients: readonly string[]
  /** The PC's name as a Node, and its address, by which others fetch the copy. */
  readonly pc: string
  readonly address: string
  /** Our own image, for the Jobs by which they do. */
  readonly image: string
}

const words = given.transform((text) => text.split(' ').filter(Boolean))

const Variables = z
  .object({
    ...PROGRAM,
    DESKFLEET_ETCD_ENDPOINTS: words.refine(
      (all) => all.length > 0 && all.every((one) => /^https:\/\/[^/]+:\d+$/.test(one)),
      'names no client URLs, as https://127.0.0.1:2379',
    ),
    DESKFLEET_KUBERNETES: given,
    DESKFLEET_COPIES: given,
    DESKFLEET_SCRATCH: given,
    DESKFLEET_ETCD: given,
    DESKFLEET_ETCDUTL: given,
    DESKFLEET_COPIES_RECIPIENTS: words.refine(
      (all) => all.length > 0 && all.every(isRecipient),
      'names no public keys of age',
    ),
    DESKFLEET_IMAGE: given,
    HOST_IP: given,
    NODE_NAME: given,
  })
  .transform(
    (env): Settings => ({
      endpoints: env.DESKFLEET_ETCD_ENDPOINTS,
      kubernetes: env.DESKFLEET_KUBERNETES,
      copies: env.DESKFLEET_COPIES,
      scratch: env.DESKFLEET_SCRATCH,
      programs: { etcd: env.DESKFLEET_ETCD, etcdutl: env.DESKFLEET_ETCDUTL },
      recipients: env.DESKFLEET_COPIES_RECIPIENTS,
      pc: env.NODE_NAME,
      address: env.HOST_IP,
      image: env.DESKFLEET_IMAGE,
    }),
  )

export const readSettings = (environment: Environment): Read<Settings> => read(Variables, environment)
