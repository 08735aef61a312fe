import test from 'ava'
import { describe } from '../../directory/changes.ts'

test('a change is told as LDIF, and a password never', (t) => {
  t.is(
    describe({
      kind: 'add',
      dn: 'uid=ada,ou=people,dc=room',
      attributes: { uid: ['ada'], objectClass: ['inetOrgPerson', 'posixAccount'], userPassword: ['secret'] },
    }),
    `dn: uid=ada,ou=people,dc=room
changetype: add
uid: ada
objectClass: inetOrgPerson
objectClass: posixAccount
userPassword: (not shown)
`,
  )
})

test('a new password is told like any other, and not shown', (t) => {
  t.is(
    describe({ kind: 'password', dn: 'uid=ada', password: 'secret' }),
    `dn: uid=ada
changetype: modify
replace: userPassword
userPassword: (not shown)
-
`,
  )
})

test('each step of a modification is told, in their order', (t) => {
  t.is(
    describe({
      kind: 'modify',
      dn: 'cn=people',
      edits: [
        { operation: 'add', attribute: 'member', values: ['uid=ada', 'uid=bob'] },
        { operation: 'replace', attribute: 'USERPASSWORD', values: ['secret'] },
        { operation: 'delete', attribute: 'description', values: [] },
      ],
    }),
    `dn: cn=people
changetype: modify
add: member
member: uid=ada
member: uid=bob
-
replace: USERPASSWORD
USERPASSWORD: (not shown)
-
delete: description
-
`,
  )
})
