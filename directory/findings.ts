/**
 * Why an entry of the directory does not become a person, a group or an Identity, and what an administrator can do.
 * Metrics and Events carry the reason; the words are for people.
 */
export const MENDS = {
  EntryUnreadable: 'give the entry the attribute, with one value of that form',
  LoginUnfit: 'rename it to 1 to 32 of a-z, 0-9, "_", "-", "." that begin with a letter or "_"',
  NumberOutOfRange: 'give it a number from 10000 to 2147483646, which no system account has',
  UidShared: 'give each of them a uidNumber of their own, then let their files be given to the new number',
  LoginShared: 'leave the login to one of them',
  SlugShared: 'rename one of them',
  GroupUnfit: 'give the group another name and a gidNumber of 1000 or more; nobody is in it until then',
  EntryReplaced:
    'if this is the same human, restore the old entry; else remove the old person with "kubectl delete identity NAME" and look after their home',
  UidChanged:
    'give the entry its old uidNumber again; or, once the home belongs to the new one, run "kubectl delete identity NAME"',
  StillHeld:
    'wait until the other is gone from the cluster, or remove it with "kubectl delete identity NAME"',
  ManyVanished:
    'if they are meant to go, do nothing: the next full pass that agrees removes them; if not, look at the directory now',
  DigestTooLarge: 'raise the matter with the developers: a ConfigMap holds at most 1 MB, about 20,000 people',
} as const

export type FindingReason = keyof typeof MENDS

export interface DirectoryFinding {
  readonly reason: FindingReason
  /** Whom it is about: a login, a slug, or a DN where nothing better is known. */
  readonly subject: string
  /** What is wrong and how to mend it, as one sentence for people. */
  readonly message: string
}

export function finding(reason: FindingReason, subject: string, what: string): DirectoryFinding {
  return { reason, subject, message: `${subject}: ${what}; ${MENDS[reason].replace('NAME', subject)}` }
}
