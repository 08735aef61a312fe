import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'ava'
import { compileCluster } from '../../charts/apps.ts'
import { readServices } from '../../charts/services/read.ts'
import { sentence } from '../../config/findings.ts'
import { readCluster } from '../../config/read.ts'
import { temporaryFolder } from '../harness/temporary-folder.ts'

/** Services of an administrator's own: what becomes of a file or a folder of `services/`, and what is refused, in which words. */

const root = join(import.meta.dirname, '../..')
const read = readCluster({ name: 'cluster.yaml', text: readFileSync(join(root, 'cluster.yaml'), 'utf8') })
if (!read.ok) throw new Error('cluster.yaml has mistakes')
const cluster = read.value

const DIGEST = `sha256:${'0'.repeat(64)}`
const deployment = (more = '') => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: wiki
${more}spec:
  selector: { matchLabels: { app: wiki } }
  template:
    metadata: { labels: { app: wiki } }
    spec:
      securityContext: { runAsNonRoot: true, seccompProfile: { type: RuntimeDefault } }
      containers:
        - name: wiki
          image: registry.example.org/wiki@${DIGEST}
          imagePullPolicy: IfNotPresent
          resources: { requests: { cpu: 10m, memory: 32Mi }, limits: { memory: 64Mi } }
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
          volumeMounts: [{ name: key, mountPath: /key }]
      volumes: [{ name: key, secret: { secretName: wiki-key } }]
`
const CLAIM = `apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: pages }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`
const SERVICE = `apiVersion: v1
kind: Service
metadata: { name: wiki, labels: { app.kubernetes.io/managed-by: Helm } }
spec: { selector: { app: wiki }, ports: [{ port: 80 }] }
`
const WHOLE = `${deployment()}---\n${SERVICE}`
const HELLO = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: hello }\n'
const ABOUT = 'about: Pages that all write together\nsecrets: [wiki-key]\n'

/** What synth says of a folder with these files, or the objects of that app by file. */
async function synth(files: Readonly<Record<string, string>>, room = cluster) {
  const folder = temporaryFolder()
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const services = await readServices(folder, 'services')
  const compiled = services.ok ? compileCluster(room, services.value) : services
  return compiled.ok
    ? { files: compiled.value.files, says: [] }
    : { files: new Map<string, string>(), says: compiled.findings.map(sentence) }
}

const of = (files: ReadonlyMap<string, string>, app: string): string[] =>
  [...files.keys()].filter((path) => path.startsWith(`${app}/`)).map((path) => path.slice(app.length + 1))

test('a folder of YAML becomes an app in a closed namespace of its own', async (t) => {
  const { files, says } = await synth({
    'wiki/deskfleet.yaml': ABOUT,
    'wiki/templates/all.yaml': `---\n# a part that renders nothing\n---\n${deployment()}---\n${SERVICE}`,
    'wiki/pages.yml': CLAIM,
    'README.md': 'what is no YAML is left alone',
    '_off/x.yaml': 'so is what is switched off',
  })
  t.deepEqual(says, [])
  t.deepEqual(
    of(files, 'service-wiki'),
    [
      'Namespace.service-wiki.yaml',
      'NetworkPolicy.service-wiki.deny-by-default.yaml',
      'NetworkPolicy.service-wiki.among-themselves.yaml',
      'Deployment.service-wiki.wiki.yaml',
      'Service.service-wiki.wiki.yaml',
      'PersistentVolumeClaim.service-wiki.pages.yaml',
    ].sort(),
  )
  const text = (file: string): string => files.get(`service-wiki/${file}`) ?? ''
  t.regex(text('Namespace.service-wiki.yaml'), /enforce: restricted/)
  t.regex(text('PersistentVolumeClaim.service-wiki.pages.yaml'), /Prune=false/, 'what holds data is kept')
  t.regex(text('Service.service-wiki.wiki.yaml'), /managed-by: Helm/)
  const [application = ''] = [...files]
    .filter(([path]) => /Application\..*service-wiki/.test(path))
    .map(([, one]) => one)
  t.regex(application, /Pages that all write together/)
  const project = [...files].find(([path]) => path.includes('AppProject'))?.[1] ?? ''
  t.regex(project, /namespace: service-wiki/)
})

test('one file is enough, of YAML or of TypeScript', async (t) => {
  const code = `import { add } from '${join(root, 'charts/kit/objects.ts')}'
export default {
  about: 'Says hello',
  chart: (scope, { namespace, cluster }) =>
    add(scope, 'v1/ConfigMap', { name: 'hello', namespace }, { data: { domain: cluster.domain } }),
}
`
  const { files, says } = await synth({ 'plain.yaml': HELLO, 'code.ts': code, 'folder/service.ts': code })
  t.deepEqual(says, [])
  t.true(of(files, 'service-plain').includes('ConfigMap.service-plain.hello.yaml'))
  for (const app of ['service-code', 'service-folder'])
    t.regex(files.get(`${app}/ConfigMap.${app}.hello.yaml`) ?? '', new RegExp(`domain: ${cluster.domain}`))
})

test('a list is taken apart', async (t) => {
  const list = JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: [JSON.parse('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}')],
  })
  const { files } = await synth({ 'list.yaml': list })
  t.true(of(files, 'service-list').includes('ConfigMap.service-list.a.yaml'))
})

test('a service with a route is led to, from the door to its port, and is told of at login', async (t) => {
  const hosts = { ...cluster.hosts, address: '192.0.2.10/24' }
  const room = { ...cluster, hosts }
  const { files, says } = await synth(
    {
      'wiki/deskfleet.yaml':
        'about: Pages\nsecrets: [wiki-key]\nroute: { service: wiki, port: 80, groups: [teachers] }\n',
      'wiki/all.yaml': WHOLE,
      'board/deskfleet.yaml':
        'about: News\nsecrets: [wiki-key]\nroute: { service: wiki, port: 80, login: none }\n',
      'board/all.yaml': WHOLE,
      'hidden/deskfleet.yaml': 'about: For programs\nsecrets: [wiki-key]\n',
      'hidden/all.yaml': WHOLE,
    },
    room,
  )
  t.deepEqual(says, [])
  const text = (file: string): string => files.get(file) ?? ''
  const system = 'deskfleet-system'
  const wiki = `wiki.${cluster.hosts.door}`
  const nginx = text(`ingress/ConfigMap.${system}.ingress.yaml`)
  t.regex(nginx, new RegExp(`server_name ${wiki.replaceAll('.', '\\.')};`))
  t.regex(nginx, /set \$service wiki\.service-wiki\.svc\.cluster\.local;/)
  t.is(nginx.match(/auth_request \/\.deskfleet\/verify;/g)?.length, 1, 'the board asks for no login')
  t.notRegex(nginx, /hidden/)
  t.regex(nginx, /set_real_ip_from 192\.0\.2\.0\/24;/, 'the door says who it is')
  t.regex(
    text('certificates/Deployment.deskfleet-system.certificate-keeper.yaml'),
    new RegExp(`board\\..*,${wiki}`),
  )
  t.regex(
    text('door/ConfigMap.deskfleet-door.door.yaml'),
    new RegExp(`use_backend ingress if { req.ssl_sni -i ${wiki} }`),
  )
  t.regex(text(`gateway/ConfigMap.${system}.gateway.yaml`), /"groups": \[\s+"teachers"/)
  t.true(of(files, 'service-wiki').includes('NetworkPolicy.service-wiki.from-ingress.yaml'))
  t.false(of(files, 'service-hidden').includes('NetworkPolicy.service-hidden.from-ingress.yaml'))
})

test('the service that is shipped keeps the rules once it is switched on', async (t) => {
  const folder = join(root, 'services/_exchange')
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8')
  const own = Object.fromEntries(readdirSync(folder).map((file) => [`exchange/${file}`, read(file)]))
  const code = own['exchange/service.ts']?.replaceAll("'../../", `'${root}/`) ?? ''
  const { files, says } = await synth({ ...own, 'exchange/service.ts': code })
  t.deepEqual(says, [])
  t.regex(files.get('service-exchange/ConfigMap.service-exchange.exchange.yaml') ?? '', /dav_methods/)
})

test('without any service nothing is different', async (t) => {
  const none = await readServices(join(temporaryFolder(), 'nowhere'), 'services')
  const before = compileCluster(cluster)
  const after = none.ok ? compileCluster(cluster, none.value) : none
  t.true(before.ok && after.ok)
  if (before.ok && after.ok) t.deepEqual(after.value.files, before.value.files)
})

const namespaced = (yaml: string, namespace: string): string =>
  yaml.replace('name: wiki\n', `name: wiki\n  namespace: ${namespace}\n`)

/** What is refused, with what is said. */
const REFUSED: Readonly<Record<string, readonly [files: Readonly<Record<string, string>>, says: RegExp]>> = {
  'a folder that does not say what it is for': [
    { 'wiki/all.yaml': SERVICE },
    /^services\/wiki: it has no deskfleet.yaml; .*; add it, with a line such as about: /,
  ],
  'a setting that there is not': [
    { 'wiki/deskfleet.yaml': 'about: x\nroutes: wiki\n', 'wiki/all.yaml': SERVICE },
    /^services\/wiki\/deskfleet.yaml: .*routes.*; it knows about .*, secrets .*, route and data/,
  ],
  'a route to a Service that there is not': [
    { 'wiki/deskfleet.yaml': 'about: x\nroute: { service: web, port: 80 }\n', 'wiki/all.yaml': SERVICE },
    /^service-wiki: route: service-wiki has no Service web; .*; name one of wiki/,
  ],
  'a route to a port that there is not': [
    { 'wiki/deskfleet.yaml': 'about: x\nroute: { service: wiki, port: 81 }\n', 'wiki/all.yaml': SERVICE },
    /^service-wiki: route: the Service wiki has no port 81; .*; name one of its ports: 80/,
  ],
  'a login that there is not': [
    {
      'wiki/deskfleet.yaml': 'about: x\nroute: { service: wiki, port: 80, login: all }\n',
      'wiki/all.yaml': SERVICE,
    },
    /^services\/wiki\/deskfleet.yaml: .*login/,
  ],
  'a name that is none': [
    { 'My Wiki.yaml': SERVICE },
    /^services\/My Wiki.yaml: its name is My Wiki; .*; rename it/,
  ],
  'a name that is taken': [
    { 'sources.yaml': HELLO },
    /^services\/sources.yaml: its name is sources; the room's own registry .* under that name; rename it/,
  ],
  'two of a name': [
    { 'wiki.yaml': HELLO, 'wiki.ts': 'export default { about: "x", chart() {} }' },
    /there is another service wiki/,
  ],
  'YAML that is none': [{ 'wiki.yaml': 'a: [\n' }, /^services\/wiki.yaml:\d+: .*; the file must be YAML/],
  'what is no object': [
    { 'wiki.yaml': `${SERVICE}---\nvalues: {}\n` },
    /^services\/wiki.yaml:6: it is no Kubernetes object; each document has apiVersion/,
  ],
  'no object at all': [{ 'wiki.yaml': '---\n# nothing\n' }, /there is no object in it/],
  'TypeScript that fails': [
    { 'wiki.ts': 'throw new Error("no disk")' },
    /^services\/wiki.ts: it cannot be loaded: no disk;/,
  ],
  'a chart that fails': [
    { 'wiki.ts': 'export default { about: "x", chart() { throw new Error("no disk\\nat all") } }' },
    /^services\/wiki: its chart fails: no disk; a chart adds objects, and ends; correct it/,
  ],
  'TypeScript that exports nothing': [
    { 'wiki.ts': 'export const chart = 1' },
    /exports \{ about, chart \} as default/,
  ],
  'an object of another namespace': [
    {
      'wiki.yaml': namespaced(
        SERVICE.replace('{ name: wiki, labels: { app.kubernetes.io/managed-by: Helm } }', '\n  name: wiki'),
        'deskfleet-system',
      ),
    },
    /^service-wiki: Service deskfleet-system\/wiki metadata.namespace .*it is deskfleet-system; a service makes objects in its own namespace/,
  ],
  'an object of the whole cluster': [
    {
      'wiki.yaml':
        'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: all }\nrules: []\n',
    },
    /ClusterRole all .*it is of no namespace; a service makes objects in its own namespace, service-wiki/,
  ],
  'another namespace': [
    {
      'wiki.yaml':
        'apiVersion: v1\nkind: Namespace\nmetadata: { name: more, labels: { pod-security.kubernetes.io/enforce: privileged } }\n',
    },
    /Namespace more .*it is of no namespace/,
  ],
  'a role of the whole cluster in its own namespace': [
    {
      'wiki.yaml':
        'apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: { name: me }\nroleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin }\nsubjects: []\n',
    },
    /it names ClusterRole cluster-admin, which is nowhere/,
  ],
  'a Secret in Git': [
    { 'wiki.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: { name: wiki-key }\n' },
    /it is a Secret; dist\/ stands in Git/,
  ],
  'a Secret that nobody says they make': [
    { 'wiki.yaml': deployment() },
    /it names Secret service-wiki\/wiki-key, which is nowhere/,
  ],
  'an image that may change': [
    { 'wiki.yaml': deployment().replace(`@${DIGEST}`, ':latest') },
    /its image is registry.example.org\/wiki:latest; an image is pinned by digest/,
  ],
  'a pod that may be root': [
    { 'wiki.yaml': deployment().replace('runAsNonRoot: true, ', '') },
    /it may run as root; namespace service-wiki is restricted/,
  ],
}

test('a link is refused, since what it leads to may not be in Git; one that is switched off is left alone', async (t) => {
  const folder = temporaryFolder()
  for (const name of ['wiki.yaml', '_off.yaml']) symlinkSync('/etc/hostname', join(folder, name))
  const read = await readServices(folder, 'services')
  t.deepEqual(read.ok ? [] : read.findings.map(({ where, what }) => `${where}: ${what}`), [
    'services/wiki.yaml: it is a link',
  ])
})

for (const [what, [files, says]] of Object.entries(REFUSED)) {
  test(`${what} is refused, and it is said what to do`, async (t) => {
    const said = await synth(files)
    t.true(
      said.says.some((line) => says.test(line)),
      said.says.join('\n') || 'nothing was said',
    )
  })
}

const KEEPS = 'data: [{ claim: pages, user: 1000 }, { claim: files }]\n'
const keeping = (room = cluster) =>
  synth({ 'wiki/deskfleet.yaml': `${ABOUT}${KEEPS}`, 'wiki/all.yaml': WHOLE }, room)

test('what a service keeps lies on the room’s storage, in a folder that is made for it, for its claim alone', async (t) => {
  const { files, says } = await keeping()
  t.deepEqual(says, [])
  const volume = files.get('storage/PersistentVolume.deskfleet-service.wiki.pages.yaml') ?? ''
  t.regex(volume, /path: \/run\/deskfleet\/storage\/home\/services\/wiki\/pages\n/)
  t.regex(volume, /namespace: service-wiki\n/)
  const claim = files.get('service-wiki/PersistentVolumeClaim.service-wiki.pages.yaml') ?? ''
  t.regex(claim, /volumeName: deskfleet-service\.wiki\.pages\n/)
  t.regex(claim, /Prune=false/)
  t.regex(
    files.get('storage/Deployment.deskfleet-storage.homes.yaml') ?? '',
    /value: services\/wiki\/pages=1000 services\/wiki\/files=65532\n/,
  )
})

test('on a StorageClass of the site it is a claim of that class', async (t) => {
  const storage = { kind: 'existing', storageClass: 'nfs-csi', size: '1Ti', limit: undefined } as const
  const { files, says } = await keeping({ ...cluster, storage })
  t.deepEqual(says, [])
  t.false(files.has('storage/PersistentVolume.deskfleet-service.wiki.pages.yaml'))
  const claim = files.get('service-wiki/PersistentVolumeClaim.service-wiki.pages.yaml') ?? ''
  t.regex(claim, /storageClassName: nfs-csi\n/)
  t.regex(claim, /storage: 10Gi\n/)
})

test('while homes are moved to another storage, a service that keeps data is refused', async (t) => {
  if (cluster.storage.kind !== 'gluster') throw new Error('cluster.yaml has no Gluster')
  const { says } = await keeping({ ...cluster, storage: { ...cluster.storage, from: '/srv/deskfleet' } })
  t.is(says.length, 2)
  t.regex(says[0] ?? '', /services\/wiki.*keeps data \(pages\).*rename it to _wiki/)
})

test('two claims of one name, root, and a name that would lead elsewhere are refused', async (t) => {
  for (const data of [
    '[{ claim: a }, { claim: a }]',
    '[{ claim: a, user: 0 }]',
    '[{ claim: ../homes }]',
    '[{ claim: a.b }]',
    '[{ claim: a, size: much }]',
  ]) {
    const { says } = await synth({
      'wiki/deskfleet.yaml': `${ABOUT}data: ${data}\n`,
      'wiki/all.yaml': WHOLE,
    })
    t.is(says.length, 1, data)
  }
})
