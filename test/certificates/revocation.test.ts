import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { newAuthority } from '../../certificates/authority.ts'
import type { Pair } from '../../certificates/issue.ts'
import { newMember, newMemberKey, publicKeyOf } from '../../certificates/member.ts'
import {
  isListOf,
  listName,
  listsIn,
  newRevocations,
  revokedBy,
  serialOf,
} from '../../certificates/revocation.ts'
import { temporaryFolder } from '../harness/temporary-folder.ts'

/** Lists of certificates that count no more, as OpenSSL, and so Gluster, reads them. */

const NAME = 'Deskfleet authority of the Gluster pool'
const NOW = new Date()
let authority: Pair
let [stays, left, none, one] = ['', '', '', '']
const member = async (name: string): Promise<string> =>
  newMember(authority, name, new Uint8Array(publicKeyOf(await newMemberKey())), NOW)

test.before(async () => {
  authority = await newAuthority({ name: NAME }, NOW)
  stays = await member('pc-1')
  left = await member('pc-2')
  none = await newRevocations(authority, [], undefined, NOW)
  one = await newRevocations(authority, [serialOf(left)], none, NOW)
})

/** What OpenSSL says of a certificate with these lists, in the order in which they came. */
function judged(certificate: string, lists: readonly string[]): string {
  const folder = temporaryFolder()
  lists.forEach(
    (list, number) => void writeFileSync(join(folder, listName(authority.certificate, number)), list),
  )
  writeFileSync(join(folder, 'ca.pem'), authority.certificate)
  writeFileSync(join(folder, 'it.pem'), certificate)
  const args = [
    '-crl_check_all',
    '-CApath',
    folder,
    '-CAfile',
    join(folder, 'ca.pem'),
    join(folder, 'it.pem'),
  ]
  try {
    return (
      execFileSync('openssl', ['verify', ...args], { encoding: 'utf8', stdio: 'pipe' })
        .trim()
        .split(': ')[1] ?? ''
    )
  } catch (error) {
    return /lookup: (.+)/.exec(String((error as { stderr: string }).stderr))?.[1] ?? String(error)
  }
}

test('without a list nobody is believed; with an empty one everybody is', (t) => {
  t.is(judged(stays, []), 'unable to get certificate CRL')
  t.is(judged(stays, [none]), 'OK')
  t.is(judged(left, [none]), 'OK')
})

test('a later list counts, although both were made in the same second', (t) => {
  t.is(judged(left, [none, one]), 'certificate revoked')
  t.is(judged(stays, [none, one]), 'OK')
  t.is(judged(left, [one]), 'certificate revoked')
})

test('a list of somebody else who bears the same name counts for nothing', async (t) => {
  const other = await newRevocations(await newAuthority({ name: NAME }, NOW), [], undefined, NOW)
  t.false(await isListOf(authority.certificate, other))
  t.true(await isListOf(authority.certificate, one))
  t.not(judged(stays, [other]), 'OK')
  t.not(judged(left, [one, other]), 'OK')
})

test('a list tells what it names, and is found among certificates', (t) => {
  t.deepEqual(revokedBy(none), [])
  t.deepEqual(revokedBy(one), [serialOf(left)])
  t.deepEqual(listsIn(`${authority.certificate}${one}`), [one.trim()])
})
