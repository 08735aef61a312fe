import { ENTRY_UUID, GROUP, PASSWD, PERSON } from '../../config/labels.ts'
import { SHARED_CLAIM } from '../../config/names.ts'
import { cel, ofEach, on, type Proof } from '../kit/proof.ts'

/**
 * A pod in a namespace of desktops carries exactly the identity, volumes and files of its person, as the
 * ConfigMap `identities` has them. The webhook gives them; the API server checks this by itself, so
 * that no pod gets a wrong identity when the webhook is dead, broken or bypassed.
 *
 * CREATE judges the whole pod. UPDATE judges only what may still change: the label and the files never, and
 * containers added later (ephemeral ones) must not be somebody else. Other updates are not checked again:
 * else nobody could take the finalizers off the last pods of a person who was removed.
 */

const none = `['', '', '', '']`
const fresh = `request.operation == 'CREATE'`

const variables: Readonly<Record<string, string>> = {
  person: `has(object.metadata.labels) && ${cel(PERSON)} in object.metadata.labels ? object.metadata.labels[${cel(PERSON)}] : ''`,
  known: `has(params.data) && variables.person in params.data`,
  line: `variables.known ? params.data[variables.person].split('|') : ${none}`,
  uid: 'variables.line[0]',
  gid: 'variables.line[1]',
  others: `variables.line[2] == '' ? [] : variables.line[2].split(',')`,
  login: 'variables.line[3]',
  home: `'/home/' + variables.login`,
  annotations: 'has(object.metadata.annotations) ? object.metadata.annotations : {}',
  passwd: `${cel(PASSWD)} in variables.annotations ? variables.annotations[${cel(PASSWD)}] : ''`,
  passwdStart: [
    cel('root:x:0:0:root:/root:/usr/sbin/nologin\n'),
    cel('nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n'),
    `variables.login + ':x:' + variables.uid + ':' + variables.gid + ':' + variables.login + ':' + variables.home + ':'`,
  ].join(' + '),
  group: `${cel(GROUP)} in variables.annotations ? variables.annotations[${cel(GROUP)}] : ''`,
  groupStart: cel('root:x:0:\nnogroup:x:65534:\n'),
  groupLines: `variables.group.startsWith(variables.groupStart) ? variables.group.substring(size(variables.groupStart)).split('\\n') : ['']`,
  volumes: 'has(object.spec.volumes) ? object.spec.volumes : []',
  inits: 'has(object.spec.initContainers) ? object.spec.initContainers : []',
  late: 'has(object.spec.ephemeralContainers) ? object.spec.ephemeralContainers : []',
}

/** The pod's own settings. Never a variable: CEL variables lose what makes an optional value optional. */
const SETTINGS = 'object.spec.?securityContext'

const CONTAINERS = ['object.spec.containers', 'variables.inits']
const everywhere = (rule: (container: string) => string, lists = CONTAINERS) => ofEach(lists, rule)
const withLate = [...CONTAINERS, 'variables.late']

const volumeIs = (name: string, condition: string) =>
  `variables.volumes.exists_one(v, v.name == ${cel(name)}) && variables.volumes.exists(v, v.name == ${cel(name)} && ${condition})`

const claimIs = (claim: string) =>
  `has(v.persistentVolumeClaim) && v.persistentVolumeClaim.claimName == ${claim} && !v.persistentVolumeClaim.?readOnly.orValue(false)`

const fileIs = (path: string, annotation: string) =>
  `v.downwardAPI.items.exists_one(i, i.path == ${cel(path)}) && v.downwardAPI.items.exists(i, i.path == ${cel(path)} && i.?fieldRef.fieldPath.orValue('') == ${cel(`metadata.annotations['${annotation}']`)})`

const mounts = (container: string) => `(has(${container}.volumeMounts) ? ${container}.volumeMounts : [])`

const mountIs = (path: string, condition: string) => (container: string) =>
  `${mounts(container)}.exists(m, m.mountPath == ${cel(path)} && ${condition})`

const wholeVolume = (name: string) =>
  `m.name == ${cel(name)} && !has(m.subPath) && !has(m.subPathExpr) && m.?mountPropagation.orValue('') == 'HostToContainer' && !m.?readOnly.orValue(false)`

const file = (name: string) =>
  `m.name == 'identity' && m.?subPath.orValue('') == ${cel(name)} && m.?readOnly.orValue(false)`

/** The places that belong to the identity: nothing else may be mounted there, above or below. */
const nothingElse = (container: string) =>
  `${mounts(container)}.all(m, m.mountPath in ['/home', '/mnt', '/etc/passwd', '/etc/group'] ? (m.mountPath == '/home' ? m.name == 'home' : m.mountPath == '/mnt' ? m.name == 'shared' : m.name == 'identity') : (!(m.name in ['home', 'shared', 'identity']) && m.mountPath.startsWith('/') && !m.mountPath.contains('//') && !['/./', '/../'].exists(p, (m.mountPath + '/').contains(p)) && !m.mountPath.endsWith('/') && m.mountPath != '/etc' && !['/home/', '/mnt/', '/etc/passwd/', '/etc/group/'].exists(p, m.mountPath.startsWith(p)))) && !has(${container}.volumeDevices)`

const sameUser = (container: string) =>
  `(!has(${container}.securityContext) || ((!has(${container}.securityContext.runAsUser) || string(${container}.securityContext.runAsUser) == variables.uid) && (!has(${container}.securityContext.runAsGroup) || string(${container}.securityContext.runAsGroup) == variables.gid) && ${container}.securityContext.?runAsNonRoot.orValue(true) && !${container}.securityContext.?privileged.orValue(false) && !${container}.securityContext.?allowPrivilegeEscalation.orValue(false)))`

const environment = (container: string) =>
  [
    ['HOME', 'variables.home'],
    ['USER', 'variables.login'],
    ['LOGNAME', 'variables.login'],
  ]
    .map(
      ([name, value]) =>
        `${container}.?env.orValue([]).exists(e, e.name == ${cel(name ?? '')}) && ${container}.?env.orValue([]).all(e, e.name != ${cel(name ?? '')} || e.?value.orValue('') == ${value})`,
    )
    .join(' && ')

/** Of all Secrets a pod sees one, by volume or by environment alike: its own desktop's. */
const noOtherSecret = (container: string) =>
  `${container}.?env.orValue([]).all(e, !has(e.valueFrom) || !has(e.valueFrom.secretKeyRef) || e.valueFrom.secretKeyRef.?name.orValue('') == 'desktop-' + variables.person) && ${container}.?envFrom.orValue([]).all(e, !has(e.secretRef) || e.secretRef.?name.orValue('') == 'desktop-' + variables.person)`

// Lists of groups are compared as texts, in their one order by gid: comparing sets of a thousand groups costs more
// than the API server allows a policy.

const created = (expression: string): string => `!(${fresh}) || (${expression})`

const rule = (expression: string, says: string) => ({
  expression,
  says: `'pod of ' + variables.person + ': ' + ${says}`,
})

export const CARRIED: Proof = {
  name: 'deskfleet-identity-carried',
  // The status is a way to labels and annotations, too.
  resources: [
    on('', ['pods'], ['CREATE', 'UPDATE']),
    on('', ['pods/ephemeralcontainers', 'pods/resize', 'pods/status'], ['UPDATE']),
  ],
  where: 'desktops',
  readsIdentities: true,
  when: {},
  variables,
  rules: [
    {
      expression: created(`variables.person != '' && variables.known`),
      says: `variables.person == '' ? 'a pod here must say whose it is: add the label ${PERSON}' : 'nobody named ' + variables.person + ' is known to the cluster: check the name, or wait until the identity sync has published it'`,
    },
    rule(
      `${fresh} || (object.metadata.?labels[?${cel(PERSON)}] == oldObject.metadata.?labels[?${cel(PERSON)}] && ${[PASSWD, GROUP, ENTRY_UUID].map((key) => `object.metadata.?annotations[?${cel(key)}] == oldObject.metadata.?annotations[?${cel(key)}]`).join(' && ')})`,
      `'whose it is, and its passwd and group files, never change: make a new pod'`,
    ),
    rule(
      created(
        `${SETTINGS}.?runAsUser.hasValue() && string(${SETTINGS}.?runAsUser.value()) == variables.uid && ${SETTINGS}.?runAsGroup.hasValue() && string(${SETTINGS}.?runAsGroup.value()) == variables.gid && ${SETTINGS}.?runAsNonRoot.orValue(false)`,
      ),
      `'spec.securityContext must have runAsUser ' + variables.uid + ', runAsGroup ' + variables.gid + ' and runAsNonRoot true'`,
    ),
    rule(
      created(
        `${SETTINGS}.?supplementalGroupsPolicy.orValue('') == 'Strict' && !${SETTINGS}.?fsGroup.hasValue() && ${SETTINGS}.?supplementalGroups.orValue([]).map(g, string(g)).join(',') == variables.line[2]`,
      ),
      `'spec.securityContext must have supplementalGroups [' + variables.others.join(', ') + '], supplementalGroupsPolicy Strict and no fsGroup'`,
    ),
    rule(
      `(${fresh} || request.?subResource.orValue('') == 'ephemeralcontainers') ? (${everywhere(sameUser, withLate)}) : true`,
      `'no container may run as anybody else, as root, privileged, or gain privileges'`,
    ),
    rule(
      created(
        `${volumeIs('home', claimIs(`'home-' + variables.person`))} && ${volumeIs('shared', claimIs(cel(SHARED_CLAIM)))} && ${volumeIs('identity', `has(v.downwardAPI) && size(v.downwardAPI.items) == 2 && ${fileIs('passwd', PASSWD)} && ${fileIs('group', GROUP)}`)}`,
      ),
      `'the volumes home (claim home-' + variables.person + '), shared and identity must be as the webhook gives them'`,
    ),
    rule(
      created(
        `variables.volumes.all(v, v.name in ['home', 'shared', 'identity'] || has(v.emptyDir) || has(v.configMap) || has(v.downwardAPI) || (has(v.secret) && v.secret.?secretName.orValue('') == 'desktop-' + variables.person))`,
      ),
      `'other volumes may only be emptyDir, configMap, downwardAPI, or the secret desktop-' + variables.person`,
    ),
    rule(
      created(
        [
          everywhere(mountIs('/home', wholeVolume('home'))),
          everywhere(mountIs('/mnt', wholeVolume('shared'))),
          everywhere(mountIs('/etc/passwd', file('passwd'))),
          everywhere(mountIs('/etc/group', file('group'))),
        ].join(' && '),
      ),
      `'every container must mount home at /home, shared at /mnt, and identity at /etc/passwd and /etc/group, as the webhook gives them'`,
    ),
    rule(
      `(${fresh} || request.?subResource.orValue('') == 'ephemeralcontainers') ? (${everywhere(nothingElse, withLate)}) : true`,
      `'nothing else may be mounted at, above or below /home, /mnt, /etc/passwd and /etc/group'`,
    ),
    rule(
      `(${fresh} || request.?subResource.orValue('') == 'ephemeralcontainers') ? (${everywhere(noOtherSecret, withLate)}) : true`,
      `'no container may read another Secret than desktop-' + variables.person`,
    ),
    rule(
      created(everywhere(environment)),
      `'HOME, USER and LOGNAME must be ' + variables.login + '\\'s in every container'`,
    ),
    rule(
      created(
        `variables.passwd.startsWith(variables.passwdStart) && variables.passwd.substring(size(variables.passwdStart)).matches('^/[A-Za-z0-9/_.-]+\\n$')`,
      ),
      `'the annotation ${PASSWD} must be the one that the webhook gives'`,
    ),
    rule(
      created(
        `size(variables.groupLines) == size(variables.others) + 2 && variables.groupLines[size(variables.groupLines) - 1] == '' && variables.groupLines.all(l, l == '' || (l.matches('^[A-Za-z0-9_][A-Za-z0-9_. -]*:x:[0-9]+:[a-z0-9_.-]*$') && !l.startsWith('root:') && l.split(':')[3] in ['', variables.login])) && variables.groupLines.filter(l, l != '' && !l.contains(':x:' + variables.gid + ':')).map(l, l.split(':')[2]).join(',') == variables.line[2]`,
      ),
      `'the annotation ${GROUP} must be the one that the webhook gives'`,
    ),
    rule(
      created(
        `!object.spec.?hostNetwork.orValue(false) && !object.spec.?hostPID.orValue(false) && !object.spec.?hostIPC.orValue(false) && object.spec.?nodeName.orValue('') == ''`,
      ),
      `'it may neither share a namespace of its PC nor choose its PC by nodeName'`,
    ),
  ],
}
