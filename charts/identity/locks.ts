import { PERSON } from '../../config/labels.ts'
import { LOCK_LINE } from '../../config/lock.ts'
import { GATEWAY, LOCKED_PEOPLE, NAMESPACES, SLUG_PATTERN } from '../../config/names.ts'
import { cel, on, type Proof } from '../kit/proof.ts'

/**
 * Who is locked in the cluster itself runs nothing, whether the webhook says so or not. A line names the uid beside the
 * entry: that a pod has its person's uid is proved by `deskfleet-identity-carried`, and the identity sync gives nobody
 * else the same login with the same uid. Where the list is gone, everybody is refused; the webhook, which is asked first,
 * says what to do.
 */
const LOCKED: Proof = {
  name: 'deskfleet-locked-people',
  resources: [on('', ['pods'], ['CREATE']), on('', ['pods/ephemeralcontainers'], ['UPDATE'])],
  where: 'desktops',
  readsIdentities: false,
  readsLocks: true,
  when: {},
  variables: {
    person: `object.metadata.?labels[?${cel(PERSON)}].orValue('')`,
    line: `has(params.data) && variables.person in params.data ? params.data[variables.person].split('|', 4) : []`,
    uid: `has(object.spec.securityContext) && has(object.spec.securityContext.runAsUser) ? string(object.spec.securityContext.runAsUser) : ''`,
  },
  rules: [
    {
      // A line that cannot be read locks whoever has the slug.
      expression: `!has(params.data) || !(variables.person in params.data) || (size(variables.line) == 4 && variables.uid != '' && variables.uid != variables.line[1])`,
      says: `'pod of ' + variables.person + ': an administrator locked the account in the cluster' + (size(variables.line) == 4 ? ' at ' + variables.line[2] : '') + ': to open it again, run npx deskfleet people unlock'`,
    },
  ],
}

const gateway = `system:serviceaccount:${NAMESPACES.system}:${GATEWAY.service}`
const before = 'oldObject.?data.orValue({})'
const now = 'object.?data.orValue({})'

/** The list itself: it stays, each line can be read, and the gateway locks people but opens nobody's account. */
const KEPT: Proof = {
  name: 'deskfleet-locked-people-kept',
  resources: [on('', ['configmaps'], ['CREATE', 'UPDATE', 'DELETE'])],
  where: 'ours',
  readsIdentities: false,
  when: {
    'of-that-name': `request.namespace == ${cel(NAMESPACES.system)} && (request.operation == 'DELETE' ? oldObject.metadata.name : object.metadata.?name.orValue('')) == ${cel(LOCKED_PEOPLE)}`,
  },
  variables: {},
  rules: [
    {
      // With its namespace it goes.
      expression: `request.operation != 'DELETE' || request.userInfo.groups.exists(g, g == 'system:serviceaccounts:kube-system')`,
      says: `'${LOCKED_PEOPLE} says who is locked, and no desktop starts without it: open an account by npx deskfleet people unlock'`,
    },
    {
      expression: `request.operation == 'DELETE' || ${now}.all(slug, slug.matches(${cel(SLUG_PATTERN.source)}) && ${now}[slug].matches(${cel(LOCK_LINE)}))`,
      says: `'a line of ${LOCKED_PEOPLE} is SLUG: entryUUID|uid|time|reason; write it by npx deskfleet people lock'`,
    },
    {
      expression: `request.operation != 'UPDATE' || request.userInfo.username != ${cel(gateway)} || ${before}.all(slug, slug in ${now} && ${now}[slug] == ${before}[slug])`,
      says: `'the gateway locks people, and neither opens an account nor changes a lock: that is an administrator\\'s, by npx deskfleet people unlock'`,
    },
  ],
}

export const LOCKS: readonly Proof[] = [LOCKED, KEPT]
