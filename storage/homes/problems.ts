import { UUID_PATTERN } from '../../config/home-marker.ts'
import { LOGIN_PATTERN, SLUG_PATTERN } from '../../config/names.ts'
import { type Problem, problem } from '../problem.ts'
import type { HomeFact, HomeOwner, Volume } from './facts.ts'
import { pairOf } from './pair.ts'

/** What is known of one person's home when it is judged. */
export interface HomeFacts {
  /** How many Identities have this person's entryUUID. */
  readonly sharing: number
  readonly volume: Volume | undefined
  readonly home: HomeFact | undefined
}

type Check = (owner: HomeOwner, facts: HomeFacts) => Problem | undefined

/** The first that fails is told; each may rely on those before it. */
const CHECKS: readonly Check[] = [
  cannotNameDirectory,
  entryShared,
  volumeOfFormerPerson,
  homeUnreadable,
  homeIsNoDirectory,
  homeOfAnotherUid,
  homeOpenToOthers,
  markerOfAnother,
]

/** Why nothing may be done for a person's home, or nothing where there is no reason against it. */
export function problemOf(owner: HomeOwner, facts: HomeFacts): Problem | undefined {
  for (const check of CHECKS) {
    const found = check(owner, facts)
    if (found) return found
  }
  return undefined
}

/** The patterns of the definition are checked again: these names become paths that root walks. */
function cannotNameDirectory({ slug, login, entryUUID }: HomeOwner): Problem | undefined {
  const fit = SLUG_PATTERN.test(slug) && LOGIN_PATTERN.test(login) && UUID_PATTERN.test(entryUUID)
  if (fit && login !== '.' && login !== '..') return undefined
  return problem('EntryUnfit', 'its login, slug or entryUUID cannot name a directory', 'correct it in LDAP')
}

function entryShared({ entryUUID }: HomeOwner, { sharing }: HomeFacts): Problem | undefined {
  if (sharing === 1) return undefined
  const what = `another Identity has the same entryUUID ${entryUUID}, as while a login is renamed`
  return problem('EntryUnfit', what, 'it passes when the identity sync has removed the old one')
}

function volumeOfFormerPerson(owner: HomeOwner, { volume }: HomeFacts): Problem | undefined {
  if (!volume?.ours || volume.entryUUID === '' || volume.entryUUID === owner.entryUUID) return undefined
  const pair = pairOf(owner)
  return problem(
    'FormerPerson',
    `the volume ${pair.volume} still belongs to a removed person of the same login`,
    `it goes by itself once no pod uses the claim ${pair.claim}; stop the old desktop`,
  )
}

function homeUnreadable(_: HomeOwner, { home }: HomeFacts): Problem | undefined {
  return home?.kind === 'unreadable' ? home.problem : undefined
}

function homeIsNoDirectory(owner: HomeOwner, { home }: HomeFacts): Problem | undefined {
  if (home?.kind !== 'other') return undefined
  return problem(
    'NoRealDirectory',
    `${placeOf(owner)} is not a directory`,
    'see what it is, then move it away',
  )
}

function homeOfAnotherUid(owner: HomeOwner, { home }: HomeFacts): Problem | undefined {
  if (home?.kind !== 'directory' || home.uid === owner.uid) return undefined
  const what = `${placeOf(owner)} belongs to uid ${home.uid}, and ${owner.login} has uid ${owner.uid}`
  return problem('WrongOwner', what, `if it is the home of ${owner.login}, give it to that uid by chown -hR`)
}

function homeOpenToOthers(owner: HomeOwner, { home }: HomeFacts): Problem | undefined {
  if (home?.kind !== 'directory' || (home.mode & 0o022) === 0) return undefined
  const what = `${placeOf(owner)} may be written by others (mode ${home.mode.toString(8)})`
  return problem('WrongMode', what, 'look at what others left there, then chmod 0700 it')
}

/** A marker that is missing is put back: the directory's name still proves whose it is. */
function markerOfAnother(owner: HomeOwner, { home }: HomeFacts): Problem | undefined {
  if (home?.kind !== 'directory' || home.marker === 'missing') return undefined
  if (home.marker !== 'wrong' && home.marker.entryUUID === owner.entryUUID) return undefined
  const what = `the marker in ${placeOf(owner)} is not the one that was made for it`
  return problem(
    'WrongMarker',
    what,
    "if it is the person's home, delete its .deskfleet-home: it is made anew",
  )
}

const placeOf = ({ entryUUID }: HomeOwner): string => `homes/${entryUUID}`
