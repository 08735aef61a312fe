import { API_GROUP, CLAIM_VERB, IDENTITY } from '../../config/names.ts'
import { cel, type Proof } from '../kit/proof.ts'

/** CEL: whether whoever asks holds `claim`, on one person (a CEL expression of the slug) or on everybody. */

const rights = `authorizer.group(${cel(API_GROUP)}).resource(${cel(IDENTITY.plural)})`

export const mayClaim = (person: string): string =>
  `${rights}.name(${person}).check(${cel(CLAIM_VERB)}).allowed()`

export const mayClaimEverybody = `${rights}.check(${cel(CLAIM_VERB)}).allowed()`

/** The cluster's own controllers and the PCs put away what is over. */
export const CLUSTER = `request.userInfo.groups.exists(g, g in ['system:nodes', 'system:serviceaccounts:kube-system'])`

/** What only the cluster itself, and whoever holds the claim on a person (CEL of the slug), may do. */
export function takesClaim(
  policy: string,
  resources: Proof['resources'],
  slug: string,
  what: string,
  when: Proof['when'] = {},
): Proof {
  return {
    name: policy,
    resources,
    where: 'desktops',
    readsIdentities: false,
    when: { 'of-a-person': `${slug} != ''`, ...when },
    variables: { person: slug },
    rules: [
      {
        expression: `${CLUSTER} || ${mayClaim('variables.person')}`,
        says: `request.userInfo.username + ' may not ${what} ' + variables.person + ': that takes the claim on them'`,
      },
    ],
  }
}

/**
 * What only the cluster itself, and whoever holds the claim on everybody, may do: whose it is cannot be seen, or it is
 * everybody's. `says`: CEL of what follows the name of whoever asks.
 */
export const takesEverybody = (
  policy: string,
  resources: Proof['resources'],
  when: Proof['when'],
  says: string,
  who = `${CLUSTER} || ${mayClaimEverybody}`,
): Proof => ({
  name: policy,
  resources,
  where: 'desktops',
  readsIdentities: false,
  when,
  variables: {},
  rules: [{ expression: who, says: `request.userInfo.username + ${says}` }],
})
