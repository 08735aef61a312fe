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
  'a key for copies with a letter that was mistyped': [
    'domain: a.org\nldap:\n  copies:\n    recipients:\n      - age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafq\n',
    ['cluster.yaml:5: ldap.copies.recipients[0] is "age1', 'the private key never stands here'],
  ],
  'a wrong type': [
    'domain: a.org\nstorage:\n  replicas: five\n',
    ['cluster.yaml:3: storage.replicas is "five"; it must be a whole number from 2 to 7;', 'without quotes'],
  ],
  'memory in thousandths of a byte': [
    'domain: a.org\ntemplates:\n  - name: x\n    resources: {memory: 512m}\n',
    [
      'cluster.yaml:4: templates[0].resources.memory is "512m"; it must be an amount of memory, from 64Mi',
      'if it is a bare number',
    ],
  ],
  'memory that no desktop runs in': [
    'domain: a.org\ntemplates:\n  - name: x\n    resources: {memory: "2", memoryLimit: 0.5Ti}\n',
    [
      'cluster.yaml:4: templates[0].resources.memory is "2"; it must be an amount of memory',
      'if it is a bare number',
    ],
  ],
  'a screen that its memory does not hold': [
    'domain: a.org\ntemplates:\n  - name: x\n    screen: 3840x2160\n    resources: {memoryLimit: 512Mi}\n',
    [
      'cluster.yaml:4: templates[0].screen is 3840x2160, more than a memoryLimit of 512Mi holds',
      'write a smaller screen such as 1280x800, or raise memoryLimit',
    ],
  ],
  'more memory than there is': [
    'domain: a.org\ntemplates:\n  - name: x\n    resources: {memoryLimit: 4000Gi}\n',
    ['cluster.yaml:4: templates[0].resources.memoryLimit is "4000Gi"; it must be', 'if it is a bare number'],
  ],
  'processor in bytes, and none of it': [
    'domain: a.org\ntemplates:\n  - name: x\n    resources: {cpu: 2Gi}\n  - name: y\n    resources: {cpu: 0m}\n',
    [
      'cluster.yaml:4: templates[0].resources.cpu is "2Gi"; it must be an amount of processor',
      'if it is a bare number',
    ],
    [
      'cluster.yaml:6: templates[1].resources.cpu is "0m"; it must be an amount of processor',
      'if it is a bare number',
    ],
  ],
  'texts that YAML takes for numbers': [
    'domain: a.org\ndelivery:\n  tag: 1.10\ntemplates:\n  - name: x\n    title: 2026\n    requires: {a.org/gpu: true}\n',
    ['cluster.yaml:3: delivery.tag is 1.1, which YAML takes for a number;', 'write it in quotes: "1.10"'],
    [
      'cluster.yaml:6: templates[0].title is 2026, which YAML takes for a number;',
      'write it in quotes: "2026"',
    ],
    [
      'cluster.yaml:7: templates[0].requires.a.org/gpu is true, which YAML takes for no text;',
      'in quotes: "true"',
    ],
  ],
  'the first address of a network': [
    'domain: a.org\nhosts:\n  address: 192.0.2.0/24\n',
    ['cluster.yaml:3: hosts.address is "192.0.2.0/24"; no PC may have that address', '192.0.2.10/24'],
  ],
  'the last address of a network': [
    'domain: a.org\nhosts:\n  address: 192.0.2.127/25\n',
    ['cluster.yaml:3: hosts.address is "192.0.2.127/25"; no PC may have that address', '192.0.2.10/24'],
  ],
  'an address of loopback': [
    'domain: a.org\nhosts:\n  address: 127.0.0.10/24\n',
    ['cluster.yaml:3: hosts.address is "127.0.0.10/24"; no PC may', '192.0.2.10/24'],
  ],
  'an address of many': [
    'domain: a.org\nhosts:\n  address: 224.0.0.10/24\n',
    ['cluster.yaml:3: hosts.address is "224.0.0.10/24"; no PC may', '192.0.2.10/24'],
  ],
  'a network by one of its addresses': [
    'domain: a.org\nhosts:\n  networks: [192.0.2.10/24]\n',
    [
      'cluster.yaml:3: hosts.networks[0] is "192.0.2.10/24"; a network is written by its first',
      '/32 for one address',
    ],
  ],
  'a registry and a repository beside the room’s own': [
    'domain: a.org\nsources: { kind: room }\nregistry: registry.a.org:5000\ndelivery:\n  repository: https://git.a.org/x.git\n',
    [
      'cluster.yaml:3: registry is registry.a.org:5000, and sources.kind is room; what the room runs itself is at 10.96.0.40:5000;',
      'delete the line, or write sources.kind: existing',
    ],
    [
      'cluster.yaml:5: delivery.repository is https://git.a.org/x.git, and sources.kind is room; what the room runs itself is at https://10.96.0.40/deskfleet.git;',
      'delete the line, or write sources.kind: existing',
    ],
  ],
  'homes that are moved away from under the room’s own registry': [
    'domain: a.org\nsources: { kind: room }\nstorage:\n  from: { kind: path, path: /srv/homes }\n',
    [
      'cluster.yaml:4: homes are moved to another storage, and sources.kind is room;',
      'leave storage as it was, or have a registry and a Git server elsewhere: sources.kind: existing',
    ],
  ],
  'an address of sources that no Service has': [
    'domain: a.org\nsources:\n  kind: room\n  address: 127.0.0.1\n',
    ['cluster.yaml:4: sources.address is "127.0.0.1"; it must be an IPv4 address', '10.96.0.40'],
  ],
  'a branch, and a tag': [
    'domain: a.org\ndelivery:\n  branch: main\n  tag: v1.2\n',
    ['cluster.yaml:4: delivery.tag stands beside delivery.branch;', 'delete the others'],
  ],
  'names that Git does not have': [
    'domain: a.org\ndelivery:\n  branch: a..b\n  kind: flux\n',
    ['cluster.yaml:3: delivery.branch is "a..b"; it must be the name of a branch', 'main'],
  ],
  'half a commit': [
    'domain: a.org\ndelivery:\n  commit: 1c0ca14\n',
    ['cluster.yaml:3: delivery.commit is "1c0ca14"; it must be a commit by its whole name', 'shows'],
  ],
  'a setting that was split': [
    'domain: a.org\ndelivery:\n  revision: v1.2\n',
    [
      'cluster.yaml:3: delivery.revision is no setting; delivery knows: kind, repository, branch, tag',
      'spelling',
    ],
  ],
  'a port that is none': [
    'domain: a.org\nldap:\n  url: ldaps://a.org:65536\nregistry: r.a.org:99999\ndelivery:\n  repository: https://a.org:70000/r\n',
    ['cluster.yaml:3: ldap.url is "ldaps://a.org:65536";', ':636'],
    ['cluster.yaml:4: registry is "r.a.org:99999";', 'https://'],
    ['cluster.yaml:6: delivery.repository is "https://a.org:70000/r";', 'without a password in it'],
  ],
  'a screen larger than there are': [
    'domain: a.org\ntemplates:\n  - name: x\n    screen: 9999x9999\n',
    ['cluster.yaml:4: templates[0].screen is "9999x9999"; a screen has at most 7680x4320 pixels', '1280x800'],
  ],
  'idle for longer than a year': [
    'domain: a.org\ntemplates:\n  - name: x\n    idle: 99999h\n',
    ['cluster.yaml:4: templates[0].idle is "99999h"; it must be a time in minutes or hours', '30m or 8h'],
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
  'an image for people without a digest': [
    'domain: a.org\ndesktops:\n  images: [elsewhere.test/x:1.2.3]\n',
    [
      'cluster.yaml:3: desktops.images[0] is "elsewhere.test/x:1.2.3"; an image is pinned',
      'add @sha256:… to it',
    ],
  ],
  "an image for people that the room's registry has": [
    'domain: a.org\nregistry: r.test\ndesktops:\n  images: [r.test/x:1.2.3]\n',
    ['cluster.yaml:4: desktops.images[0] is "r.test/x:1.2.3", in the room', 'delete it'],
  ],
  'an issuer that no object can be called': [
    'domain: a.org\ncertificates:\n  issuer: The Room\n',
    [
      'cluster.yaml:3: certificates.issuer is "The Room"; it must be the name of a ClusterIssuer',
      'of cert-manager that is there',
    ],
  ],
  'an authority of one’s own by another word': [
    'domain: a.org\ncertificates: keeper\n',
    ['cluster.yaml:2: certificates is "keeper"; certificates must hold settings', 'under certificates:'],
  ],
  'a network without its length': [
    'domain: a.org\nhosts:\n  networks: [192.0.2.0]\n',
    ['cluster.yaml:3: hosts.networks[0] is "192.0.2.0"; it must be an IPv4 network', 'for one address'],
  ],
  'listed networks of the internet, and none in the list': [
    'domain: a.org\ndesktops:\n  internet: listed\n',
    ['cluster.yaml:3: desktops.internet is listed, and', 'or write internet: none'],
  ],
  'a list that does not count': [
    'domain: a.org\ndesktops:\n  internetNetworks: [198.51.100.0/24]\n',
    [
      'cluster.yaml:3: desktops.internetNetworks lists networks, and desktops.internet is all;',
      'delete the list',
    ],
  ],
  'a listed network that is the PCs’ own': [
    'domain: a.org\nhosts:\n  address: 192.0.2.10/24\ndesktops:\n  internet: listed\n  internetNetworks: [198.51.100.0/24, 192.0.2.64/26]\n',
    ['cluster.yaml:6: desktops.internetNetworks[1] is 192.0.2.64/26, in 192.0.2.0/24;', 'in hosts.networks'],
  ],
  'replicas 9': [
    'domain: a.org\nstorage:\n  replicas: 9\n',
    ['cluster.yaml:3: storage.replicas is 9; it must be a whole number from 2 to 7;', 'without quotes'],
  ],
  'a limit that is no amount': [
    'domain: a.org\nstorage:\n  limit: 10 GB\n',
    ['cluster.yaml:3: storage.limit is "10 GB"; it must be an amount of storage,', 'if it is a bare number'],
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
  'a kind without its path, beside the setting of another kind and two templates of one name': [
    'domain: a.org\nstorage:\n  kind: path\n  storageClass: nfs\ntemplates: [{ name: x }, { name: x }]\n',
    ['cluster.yaml:3: storage.path is missing; storage.kind path needs it;', 'add storage.path'],
    ['cluster.yaml:4: storage.storageClass has no meaning here;', 'delete it, or write kind: existing'],
    ['cluster.yaml:5: templates[1].name is "x", like that of templates[0];', 'rename or delete one of them'],
  ],
  'an unknown key beside a kind': [
    'domain: a.org\nstorage:\n  kind: existing\n  storageClass: nfs\n  pathh: /srv\n',
    [
      'cluster.yaml:5: storage.pathh is no setting; storage knows: kind, replicas, minReplicas, spares, replaceAfter, limit, storageClass, size;',
      'delete it, or correct its spelling',
    ],
  ],
  'an unknown kind, beside a setting of the kind that was meant and two templates of one name': [
    'domain: a.org\nstorage:\n  kind: paths\n  path: /srv/homes\ntemplates: [{ name: x }, { name: x }]\n',
    [
      'cluster.yaml:3: storage.kind is "paths"; it must be one of: gluster, path, existing;',
      'one of these words',
    ],
    ['cluster.yaml:5: templates[1].name is "x", like that of templates[0];', 'rename or delete one of them'],
  ],
  'a password in the URL of the repository': [
    'domain: a.org\ndelivery:\n  repository: https://me:secret@git.a.org/x.git\n',
    [
      'cluster.yaml:3: delivery.repository is "https://…@git.a.org/x.git"; it must be',
      'without a password in it',
    ],
  ],
  'two servers of LDAP, which could not agree without each other': [
    'domain: a.org\nldap:\n  replicas: 2\n',
    ['cluster.yaml:3: ldap.replicas is 2; it must be 1 or 3', 'three PCs or more, else 1'],
  ],
  'three mistakes at once, in the order of lines': [
    'domain: A.ORG\nmasters: { count: 2 }\nstorage:\n  replicas: 9\n',
    ['cluster.yaml:1: domain is "A.ORG";', 'room.example.org'],
    ['cluster.yaml:2: masters.count is 2; it must be auto, 1, 3 or 5;', '3 or 5'],
    ['cluster.yaml:4: storage.replicas is 9;', 'without quotes'],
  ],
  'mistakes that join settings beside a required one that is wrong': [
    'domain: A\ntemplates:\n  - name: X\n  - name: y\n  - name: y\n',
    ['cluster.yaml:1: domain is "A";', 'room.example.org'],
    ['cluster.yaml:3: templates[0].name is "X";', 'office'],
    ['cluster.yaml:5: templates[2].name is "y", like that of templates[1];', 'rename or delete one of them'],
  ],
  'mistakes of shape beside mistakes that join settings': [
    'domain: a.org\nmasters: { count: 2 }\ntemplates:\n  - name: x\n  - name: x\n',
    ['cluster.yaml:2: masters.count is 2;', '3 or 5'],
    ['cluster.yaml:5: templates[1].name is "x"', 'rename or delete one of them'],
  ],
}

for (const [name, [text, ...messages]] of Object.entries(MISTAKES)) {
  test(`${name} gives one message, with its line and what to do`, (t) => {
    const said = lines(text)
    t.is(said.length, messages.length, said.join('\n'))
    for (const [index, [begins, ends]] of messages.entries()) {
      t.true(said[index]?.startsWith(begins), `${said[index]}\n should begin with ${begins}`)
      t.true(said[index]?.endsWith(ends), `${said[index]}\n should end with ${ends}`)
    }
  })
}

test('a kind of storage has its own settings; numbers of another kind may stand beside them', (t) => {
  const outcome = read(
    'domain: a.org\nstorage:\n  replicas: 5\n',
    'storage: { kind: path, path: /srv/homes }\n',
  )
  t.deepEqual(outcome.ok ? outcome.value.storage : undefined, {
    kind: 'path',
    limit: undefined,
    path: '/srv/homes',
  })
})

test('domain alone is enough; everything else has a default', (t) => {
  const outcome = read('domain: room.example.org\n')
  t.true(outcome.ok)
  if (!outcome.ok) return
  const { hosts, ldap, storage, registry, templates } = outcome.value
  t.is(hosts.door, 'desk.room.example.org')
  t.is(ldap.baseDN, 'dc=room,dc=example,dc=org')
  t.deepEqual(storage, {
    kind: 'gluster',
    limit: undefined,
    from: undefined,
    replicas: 5,
    minReplicas: undefined,
    spares: 1,
    replaceAfter: '30m',
  })
  t.is(registry, 'registry.room.example.org:5000')
  t.deepEqual(
    templates.map(({ name, image, idle }) => [name, image, idle]),
    [['office', 'desktop', '30m']],
  )
})

test('an even number of copies is accepted, with a warning', (t) => {
  const outcome = read('domain: a.org\nstorage:\n  replicas: 4\n')
  t.true(outcome.ok)
  t.true(
    outcome.ok &&
      sentence(
        outcome.warnings[0] ?? { severity: 'error', where: '', what: '', rule: '', mend: '' },
      ).includes('an even number'),
  )
})

test('homes begin with as many copies as the PCs allow, unless told', (t) => {
  const outcome = read('domain: a.org\nstorage:\n  replicas: 2\n')
  t.like(outcome.ok ? outcome.value.storage : undefined, { replicas: 2, minReplicas: undefined })
})

test('an overlay merges sections and replaces lists', (t) => {
  const outcome = read(
    'domain: a.org\nstorage:\n  replicas: 3\n  spares: 2\ntemplates:\n  - name: one\n  - name: two\n',
    'storage:\n  spares: 0\ntemplates:\n  - name: three\n',
  )
  t.true(outcome.ok)
  if (!outcome.ok) return
  t.like(outcome.value.storage, { replicas: 3, spares: 0 })
  t.deepEqual(
    outcome.value.templates.map(({ name }) => name),
    ['three'],
  )
})

test('a mistake in an overlay names the line of the overlay', (t) => {
  t.deepEqual(
    lines('domain: a.org\nstorage:\n  replicas: 3\n', '# site\nstorage:\n  replicas: 8\n').map(
      (line) => line.split(' ')[0],
    ),
    ['overlay.yaml:3:'],
  )
})

test('nested aliases (a YAML bomb) are refused, not expanded', (t) => {
  const level = (name: string, of: string) => `${name}: &${name} [${Array(10).fill(`*${of}`).join(',')}]\n`
  const text = `a: &a [x]\n${[...'bcdefgh'].map((name, index) => level(name, 'abcdefg'[index] ?? 'a')).join('')}`
  t.deepEqual(
    lines(text).map((line) => line.split(';')[0]),
    ['cluster.yaml:1: Excessive alias count indicates a resource exhaustion attack'],
  )
})

test('where storage outlives a PC and nobody has a key for copies, that is said, and only that', (t) => {
  const warned = (text: string): string[] => {
    const outcome = read(text)
    return outcome.ok ? outcome.warnings.map(sentence) : ['refused']
  }
  const storage = 'storage: {kind: path, path: /srv/homes}'
  const recipients = `{copies: {recipients: [${KEY}]}}`
  const key = `ldap: ${recipients}`
  const room = `domain: a.org\nmasters: ${recipients}\n`
  t.regex(warned(`${room}${storage}\n`).join(), /warning: ldap.copies.recipients names no key/)
  t.deepEqual(warned(`${room}${storage}\n${key}\n`), [])
  t.deepEqual(warned(room), [])
  t.regex(warned(`${room}${key}\n`).join(), /names keys, and storage.kind is gluster/)
})

const KEY = 'age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg'

test('a room without a key for copies of etcd is told so, and its masters are replaced all the same', (t) => {
  const backupOf = (masters: string) => {
    const outcome = read(`domain: a.org\nmasters: ${masters}\n`)
    return outcome.ok
      ? { backup: outcome.value.masters.backup, warnings: outcome.warnings.length }
      : outcome.findings.map(sentence).join()
  }
  const key = `copies: {recipients: [${KEY}]}`
  t.deepEqual(backupOf('{}'), { backup: 'Preferred', warnings: 1 })
  t.deepEqual(backupOf(`{${key}}`), { backup: 'Required', warnings: 0 })
  t.deepEqual(backupOf(`{${key}, backup: Preferred}`), { backup: 'Preferred', warnings: 0 })
  t.regex(
    String(backupOf('{backup: Required}')),
    /^cluster.yaml:2: masters.backup is Required, .*backup key FILE/,
  )
})
