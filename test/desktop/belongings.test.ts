import test from 'ava'
import { GROUP, PASSWD } from '../../config/labels.ts'
import { type Belongings, belongingsOf } from '../../desktop/belongings.ts'
import { person } from '../webhook/people.ts'

function own(slug: string): Belongings {
  const made = belongingsOf(person(slug))
  if ('unfit' in made) throw new Error(made.unfit.reason)
  return made.belongings
}

test('the pod runs as the person, with strict groups and no fsGroup', (t) => {
  t.deepEqual(own('ada').podSecurityContext, {
    runAsUser: 10001,
    runAsGroup: 10000,
    runAsNonRoot: true,
    supplementalGroups: [10010, 10020],
    supplementalGroupsPolicy: 'Strict',
    seccompProfile: { type: 'RuntimeDefault' },
  })
})

test('the account files name root, nobody and the person', (t) => {
  const { annotations } = own('bob')
  t.is(
    annotations[PASSWD],
    'root:x:0:0:root:/root:/usr/sbin/nologin\n' +
      'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n' +
      'bob:x:10002:10002:bob:/home/bob:/usr/bin/fish\n',
  )
  t.is(
    annotations[GROUP],
    'root:x:0:\nnogroup:x:65534:\npeople:x:10000:bob\nbob:x:10002:\nteachers:x:10030:bob\n',
  )
})

test('a gid with two names has one line', (t) => {
  const { spec } = person('carl')
  const groups = [
    { name: 'first', gid: 10_050 },
    { name: 'second', gid: 10_050 },
  ]
  const made = belongingsOf({ metadata: { name: 'carl' }, spec: { ...spec, groups } })
  const text = 'belongings' in made ? made.belongings.annotations[GROUP] : ''
  t.is(text, 'root:x:0:\nnogroup:x:65534:\ncarl:x:10003:\nfirst:x:10050:carl\n')
})

test('claims are named by slug, folders by login', (t) => {
  const { volumes, env } = own('grace-hopper--5d41402a')
  t.deepEqual(volumes[0], {
    name: 'home',
    persistentVolumeClaim: { claimName: 'home-grace-hopper--5d41402a' },
  })
  t.deepEqual(env[0], { name: 'HOME', value: '/home/grace.hopper' })
})

test('homes are mounted without subPath and see later mounts; account files are read-only', (t) => {
  for (const mount of own('ada').mounts) {
    const home = mount.name === 'home' || mount.name === 'shared'
    t.is(mount.mountPropagation, home ? 'HostToContainer' : undefined)
    t.is(mount.subPath === undefined, home)
    t.is(mount.readOnly === true, !home)
  }
})

const ada = person('ada').spec
const forgeries = {
  'a login with a colon': { ...ada, login: 'a:0' },
  'a login with a newline': { ...ada, login: 'a\nroot' },
  'a login with a comma': { ...ada, login: 'a,root' },
  'the login of root': { ...ada, login: 'root' },
  'a group of the name of root': { ...ada, groups: [{ name: 'root', gid: 10_000 }] },
  'no login': { ...ada, login: '' },
  'a shell with a newline': { ...ada, shell: '/bin/sh\nroot:x:0:0::/:/bin/sh' },
  'a shell with a colon': { ...ada, shell: '/bin:sh' },
  'a carriage return': { ...ada, shell: '/bin/sh\r' },
  'a group with a colon': { ...ada, groups: [{ name: 'x:0', gid: 10_000 }] },
  'a group with a newline': { ...ada, groups: [{ name: 'x\nroot', gid: 10_000 }] },
  'a group without a name': { ...ada, groups: [{ name: '', gid: 10_000 }] },
  'the gid of root': { ...ada, groups: [{ name: 'wheel', gid: 0 }] },
  'the uid of root': { ...ada, uid: 0 },
  'half a uid': { ...ada, uid: 10_000.5 },
}
for (const [what, spec] of Object.entries(forgeries)) {
  test(`no account file is written from ${what}`, (t) => {
    const made = belongingsOf({ metadata: { name: 'ada' }, spec })
    t.true('unfit' in made && made.unfit.reason.length > 0 && made.unfit.mend.includes('ada'))
  })
}
