import {
  homeClaim,
  homeParent,
  homeVolume,
  NAMESPACES,
  SHARED_CLAIM,
  SHARED_PARENT,
  SHARED_VOLUME,
} from '../../config/names.ts'
import { type Problem, problem } from '../problem.ts'
import type { Claim, HomeOwner, Volume } from './facts.ts'

/** A volume and the claim it is for: what must stand in the cluster for one folder. */
export interface Pair {
  readonly volume: string
  readonly claim: string
  /** On every PC. */
  readonly path: string
  /** '' for the shared folder. */
  readonly entryUUID: string
}

export const pairOf = ({ slug, entryUUID }: Pick<HomeOwner, 'slug' | 'entryUUID'>): Pair => ({
  volume: homeVolume(slug),
  claim: homeClaim(slug),
  path: homeParent(slug),
  entryUUID,
})

export const SHARED_PAIR: Pair = {
  volume: SHARED_VOLUME,
  claim: SHARED_CLAIM,
  path: SHARED_PARENT,
  entryUUID: '',
}

/** What is to be done about a pair, or why nothing may be. */
export type PairStep =
  | { readonly step: 'none' }
  /** `claimUid`: of the claim that is there already and lost its volume. */
  | { readonly step: 'make-volume'; readonly claimUid: string | undefined }
  | { readonly step: 'make-claim' }
  /** The volume remembers a claim that is gone. */
  | { readonly step: 'release'; readonly claimUid: string }
  | { readonly step: 'wait'; readonly problem: Problem }
  | { readonly step: 'refuse'; readonly problem: Problem }

/** Compares a pair with what stands. What is not ours, or points elsewhere, is never touched. */
export function pairStep(pair: Pair, volume: Volume | undefined, claim: Claim | undefined): PairStep {
  const wantedClaim = `${NAMESPACES.desktops}/${pair.claim}`
  if (claim?.leaving) {
    const what = `the claim ${wantedClaim} is being deleted, and a pod still uses it`
    return { step: 'wait', problem: problem('ClaimLeaving', what, 'stop the desktop that uses it') }
  }
  if (claim && claim.volume !== pair.volume) {
    const what = `the claim ${wantedClaim} is for the volume ${claim.volume ?? '(none)'}, not ${pair.volume}`
    return { step: 'refuse', problem: problem('ClaimForeign', what, 'see what made it, then delete it') }
  }
  if (!volume) return { step: 'make-volume', claimUid: claim?.uid }
  const right = volume.ours && volume.retained && volume.path === pair.path && volume.claim === wantedClaim
  if (!right) {
    const what = `the volume ${pair.volume} is not as storage makes it (path ${volume.path ?? 'none'}, claim ${volume.claim ?? 'none'})`
    return { step: 'refuse', problem: problem('VolumeForeign', what, 'see what made it, then delete it') }
  }
  if (volume.claimUid !== undefined && volume.claimUid !== claim?.uid) {
    return { step: 'release', claimUid: volume.claimUid }
  }
  if (!claim) return { step: 'make-claim' }
  if (claim.bound) return { step: 'none' }
  const what = `the claim ${wantedClaim} is not bound to its volume yet`
  return {
    step: 'wait',
    problem: problem('Binding', what, 'the controller-manager does that within seconds'),
  }
}
