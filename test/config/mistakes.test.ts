import test from 'ava'
import { sentence } from '../../config/findings.ts'
import { readCluster } from '../../config/read.ts'

const read = (text: string, ...overlays: string[]) =>
  readCluster(
    { name: 'cluster.yaml', text },
    overlays.map((overlay) => ({ name: 'overlay.yaml', text: overlay })),
  )

const lines = (text: string, ...overlays: string[]): string[] => {
  const outcome = read(text, ...overlays)
  return outcome.ok ? [] : outcome.findings.map(sentence)
}

/** Each kind of mistake: the file, then how every message begins and ends. */
const MISTAKES: Readonly<
  Record<string, readonly [text: string, ...messages: (readonly [string, string])[]]>
> = {
  'an unknown key': [
    'domain: a.org\nstorge:\n  replicas: 3\n',
    ['cluster.yaml:2: storge is no setting;', 'did you mean storage?'],
  ],
  'an unknown key inside a section': [
    'domain: a.org\nstorage:\n  mirReplicas: 3\n',
    ['cluster.yaml:3: storage.mirReplicas is no setting; storage knows: kind,', 'did you mean minReplicas?'],
  ],
  'an unknown key inside a template': [
    'domain: a.org\ntemplates:\n  - name: x\n    imagee: desktop\n',
    ['cluster.yaml:4: templates[0].imagee is no setting; templates[0] knows: name,', 'did you mean image?'],
  ],
  'a wrong type': [
    'domain: a.org\nstorage:\n  replicas: five\n',
    ['cluster.yaml:3: storage.replicas is "five"; it must be a whole number from 2 to 7;', 'without quotes'],
  ],
  'a section that is a word': [
    'domain: a.org\nstorage: gluster\n',
    ['cluster.yaml:2: storage is "gluster"; storage must hold settings', 'under storage:'],
  ],
  'a duplicate key': [
    'domain: a.org\nstorage:\n  replicas: 3\n  replicas: 5\n',
    ['cluster.yaml:4: "replicas" stands here a second time;', 'delete one of the two'],
  ],
  'a tab': [
    'domain: a.org\nstorage:\n\treplicas: 3\n',
    ['cluster.yaml:3: Tabs are not allowed as indentation;', 'replace the tab by two spaces'],
  ],
  'an empty file': ['', ['cluster.yaml:1: the file is empty;', 'domain: room.example.org']],
  'a file of comments': ['# nothing\n', ['cluster.yaml:1: the file is empty;', 'domain: room.example.org']],
  'a list': ['- domain\n', ['cluster.yaml:1: the file holds no settings;', 'domain: room.example.org']],
  'no domain': [
    'storage:\n  replicas: 3\n',
    ['cluster.yaml:1: domain is missing; it must be a host name', 'room.example.org'],
  ],
  'replicas 9': [
    'domain: a.org\nstorage:\n  replicas: 9\n',
    ['cluster.yaml:3: storage.replicas is 9; it must be a whole number from 2 to 7;', 'without quotes'],
  ],
  'more minReplicas than replicas': [
    'domain: a.org\nstorage:\n  replicas: 3\n  minReplicas: 5\n',
    ['cluster.yaml:4: storage.minReplicas is 5, more than the 3 of storage.replicas;', 'or leave it out'],
  ],
  'two templates of one name': [
    'domain: a.org\ntemplates:\n  - name: x\n  - name: x\n',
    ['cluster.yaml:4: templates[1].name is "x", like that of templates[0];', 'rename or delete one of them'],
  ],
  'a bad DN': [
    'domain: a.org\nldap:\n  baseDN: room.example\n',
    ['cluster.yaml:3: ldap.baseDN is "room.example"; it must be an LDAP name', 'dc=room,dc=example,dc=org'],
  ],
  'an unknown image': [
    'domain: a.org\ntemplates:\n  - name: x\n    image: dektop\n',
    ['cluster.yaml:4: templates[0].image is "dektop", an unknown image;', 'did you mean desktop?'],
  ],
  'an image that may change': [
    'domain: a.org\ntemplates:\n  - name: x\n    image: docker.io/some/desktop:latest\n',
    ['cluster.yaml:4: templates[0].image is "docker.io/some/desktop:latest";', 'add @sha256:… to it'],
  ],
  'an override of an unknown image': [
    `domain: a.org\nimages:\n  ldapp: x@sha256:${'0'.repeat(64)}\n`,
    ['cluster.yaml:3: images.ldapp is an unknown image;', 'did you mean ldap?'],
  ],
  'a DN with spaces': [
    "domain: a.org\nldap:\n  baseDN: 'o=x '\n",
    ['cluster.yaml:3: ldap.baseDN is "o=x "; it must be an LDAP name', 'dc=room,dc=example,dc=org'],
  ],
  'a binary where a section belongs': [
    'domain: a.org\nldap: !!binary aGVsbG8=\n',
    ['cluster.yaml:2: a value has the tag tag:yaml.org,2002:binary;', 'delete the tag'],
  ],
  'a set where a section belongs': [
    'domain: a.org\nstorage: !!set {a, b}\n',
    ['cluster.yaml:2: a value has the tag tag:yaml.org,2002:set;', 'delete the tag'],
  ],
  'LDAP without TLS': [
    'domain: a.org\nldap:\n  url: ldap://ldap.a.org\n',
    ['cluster.yaml:3: ldap.url is "ldap://ldap.a.org"; LDAP is spoken over TLS alone;', ':636'],
  ],
  'a path that the kind has no use for': [
    'domain: a.org\nstorage:\n  path: /srv\n',
    ['cluster.yaml:3: storage.path has no meaning here;', 'write kind: path'],
  ],
  'a kind without its path': [
    'domain: a.org\nstorage:\n  kind: path\n',
    ['cluster.yaml:3: storage.path is missing;', 'add storage.path'],
  ],
  'a password in the URL of the repository': [
    'domain: a.org\ndelivery:\n  repository: https://me:secret@git.a.org/x.git\n',
    [
      'cluster.yaml:3: delivery.repository is "https://…@git.a.org/x.git"; it must be',
      'without a password in it',
    ],
  ],
  'three mistakes at once, in the order of lines': [
    'domain: A.ORG\nmasters: 2\nstorage:\n  replicas: 9\n',
    ['cluster.yaml:1: domain is "A.ORG";', 'room.example.org'],
    ['cluster.yaml:2: masters is 2; it must be auto, 1, 3 or 5;', '3 or 5'],
    ['cluster.yaml:4: storage.replicas is 9;', 'without quotes'],
  ],
  'mistakes that join settings beside a required one that is wrong': [
    'domain: A\ntemplates:\n  - name: X\n  - name: y\n  - name: y\n',
    ['cluster.yaml:1: domain is "A";', 'room.example.org'],
    ['cluster.yaml:3: templates[0].name is "X";', 'office'],
    ['cluster.yaml:5: templates[2].name is "y", like that of templates[1];', 'rename or delete one of them'],
  ],
  'mistakes of shape beside mistakes that join settings': [
    'domain: a.org\nmasters: 2\ntemplates:\n  - name: x\n  - name: x\n',
    ['cluster.yaml:2: masters is 2;', '3 or 5'],
    ['cluster.yaml:5: templates[1].name is "x"', 'rename or delete one of them'],
  ],
}

for (const [name, [text, ...messages]] of Object.entries(MISTAKES)) {
  test(`${name} is said once, with its line and its mend`, (t) => {
    const said = lines(text)
    t.is(said.length, messages.length, said.join('\n'))
    for (const [index, [begins, ends]] of messages.entries()) {
      t.true(said[index]?.startsWith(begins), `${said[index]}\n should begin with ${begins}`)
      t.true(said[index]?.endsWith(ends), `${said[index]}\n should end with ${ends}`)
    }
  })
}

test('the shortest file is a room', (t) => {
  const outcome = read('domain: room.example.org\n')
  t.true(outcome.ok)
  if (!outcome.ok) return
  const { hosts, ldap, storage, registry, templates } = outcome.value
  t.is(hosts.door, 'desk.room.example.org')
  t.is(ldap.baseDN, 'dc=room,dc=example,dc=org')
  t.deepEqual([storage.replicas, storage.minReplicas, storage.spares], [5, 3, 1])
  t.is(registry, 'registry.room.example.org:5000')
  t.deepEqual(
    templates.map(({ name, image, idle }) => [name, image, idle]),
    [['office', 'desktop', '30m']],
  )
})

test('an even number of copies is taken, with a word about what it buys', (t) => {
  const outcome = read('domain: a.org\nstorage:\n  replicas: 4\n')
  t.true(outcome.ok)
  t.true(
    outcome.ok &&
      sentence(
        outcome.warnings[0] ?? { severity: 'error', where: '', what: '', rule: '', mend: '' },
      ).includes('an even number'),
  )
})

test('two copies wait for no third', (t) => {
  const outcome = read('domain: a.org\nstorage:\n  replicas: 2\n')
  t.is(outcome.ok ? outcome.value.storage.minReplicas : undefined, 2)
})

test('an overlay merges sections and replaces lists', (t) => {
  const outcome = read(
    'domain: a.org\nstorage:\n  replicas: 3\n  spares: 2\ntemplates:\n  - name: one\n  - name: two\n',
    'storage:\n  spares: 0\ntemplates:\n  - name: three\n',
  )
  t.true(outcome.ok)
  if (!outcome.ok) return
  t.deepEqual([outcome.value.storage.replicas, outcome.value.storage.spares], [3, 0])
  t.deepEqual(
    outcome.value.templates.map(({ name }) => name),
    ['three'],
  )
})

test('a mistake in an overlay is said with the line of the overlay', (t) => {
  t.deepEqual(
    lines('domain: a.org\nstorage:\n  replicas: 3\n', '# site\nstorage:\n  replicas: 8\n').map(
      (line) => line.split(' ')[0],
    ),
    ['overlay.yaml:3:'],
  )
})

test('an entity bomb is refused, not expanded', (t) => {
  const level = (name: string, of: string) => `${name}: &${name} [${Array(10).fill(`*${of}`).join(',')}]\n`
  const text = `a: &a [x]\n${[...'bcdefgh'].map((name, index) => level(name, 'abcdefg'[index] ?? 'a')).join('')}`
  t.deepEqual(
    lines(text).map((line) => line.split(';')[0]),
    ['cluster.yaml:1: Excessive alias count indicates a resource exhaustion attack'],
  )
})
