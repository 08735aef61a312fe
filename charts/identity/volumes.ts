import {
  COPIES,
  homeParent,
  homeVolume,
  LDAP_DISK,
  NAMESPACES,
  SERVICE_DATA,
  SHARED_PARENT,
  SHARED_VOLUME,
  SOURCES,
  STORAGE,
  serviceNamespace,
  serviceVolume,
} from '../../config/names.ts'
import type { Cluster } from '../../config/schema.ts'
import { dataPath } from '../../config/service-data.ts'
import { cel, on, type Proof } from '../kit/proof.ts'

/**
 * A PersistentVolume names a path of every PC, and whoever binds a claim to it reads that path. So storage's account makes
 * volumes of its own places alone, whatever took it over; and nobody else makes any that lead into these.
 */

const HOMES = `system:serviceaccount:${NAMESPACES.storage}:${STORAGE.homes}`
const byHomes = `request.userInfo.username == ${cel(HOMES)}`

const resources: Proof['resources'] = [
  { ...on('', ['persistentvolumes'], ['CREATE', 'UPDATE']), scope: 'Cluster' },
]

/** The path of a home is one folder below this, by a slug. */
const HOME = `^${homeParent('')}[a-z0-9]([a-z0-9-]*[a-z0-9])?$`

const path = `object.spec.?hostPath.path.orValue('')`
const claim = (part: string) => `object.spec.?claimRef.?${part}.orValue('')`

const OF_HOMES: Proof = {
  name: 'deskfleet-volumes-of-homes',
  resources,
  where: 'everywhere',
  readsIdentities: false,
  when: { 'made-by-homes': byHomes },
  variables: {},
  rules: [
    {
      expression: `${path} == ${cel(SHARED_PARENT)} || ${path}.matches(${cel(HOME)})`,
      says: `'the account homes makes volumes of ${homeParent('')}<slug> and ${SHARED_PARENT} alone, not of ' + (${path} == '' ? 'another kind' : ${path})`,
    },
    {
      expression: `${claim('namespace')} == ${cel(NAMESPACES.desktops)} && (${path} == ${cel(SHARED_PARENT)} ? ${claim('name')} == 'shared' : ${claim('name')} == 'home-' + ${path}.split('/')[size(${path}.split('/')) - 1])`,
      says: `'a volume of ' + ${path} + ' is for the claim of that home in ${NAMESPACES.desktops} alone'`,
    },
  ],
}

const DISKS = `system:serviceaccount:${NAMESPACES.directory}:${LDAP_DISK.program}`
const byDisks = `request.userInfo.username == ${cel(DISKS)}`

const OF_LDAP: Proof = {
  name: 'deskfleet-volumes-of-ldap',
  resources,
  where: 'everywhere',
  readsIdentities: false,
  when: { 'made-by-ldap-disks': byDisks },
  variables: {},
  rules: [
    {
      expression: `${path} == ${cel(LDAP_DISK.path)}`,
      says: `'the account ${LDAP_DISK.program} makes volumes of ${LDAP_DISK.path} alone, not of ' + (${path} == '' ? 'another kind' : ${path})`,
    },
    {
      expression: `${claim('namespace')} == ${cel(NAMESPACES.directory)} && ${claim('name')}.matches(${cel(`^${LDAP_DISK.claim}[0-9]+$`)}) && object.spec.?storageClassName.orValue('') == ${cel(LDAP_DISK.storageClass)}`,
      says: `'a volume of ' + ${path} + ' is for the claim of an LDAP server in ${NAMESPACES.directory} alone'`,
    },
  ],
}

/** The one volume of ours that is delivered and leads there, where storage is a Gluster volume: copies that are encrypted. */
const ofCopies = [
  `object.metadata.name == ${cel(COPIES.volume)}`,
  `${path} == ${cel(`${STORAGE.volume}/${COPIES.folder}`)}`,
  `${claim('namespace')} == ${cel(NAMESPACES.directory)}`,
  `${claim('name')} == ${cel(COPIES.program)}`,
].join(' && ')

const DATA = `${STORAGE.volume}/${SERVICE_DATA.folder}/`
/** A part of a path, or a name, by its place between slashes. */
const part = (at: number) => `${path}.split('/')[${DATA.split('/').length - 1 + at}]`

/** What a service keeps there: the folder of one claim, for that claim alone. */
const ofServices = [
  `${path}.matches(${cel(`^${DATA}[a-z][a-z0-9-]*/[a-z][a-z0-9-]*$`)})`,
  `object.metadata.name == ${cel(serviceVolume('', '').split('.')[0] ?? '')} + '.' + ${part(0)} + '.' + ${part(1)}`,
  `${claim('namespace')} == ${cel(serviceNamespace(''))} + ${part(0)}`,
  `${claim('name')} == ${part(1)}`,
].join(' && ')

/** What the room's own registry and Git server keep there. */
const ofSources = [
  `object.metadata.name == ${cel(serviceVolume(SOURCES.program, SOURCES.claim))}`,
  `${path} == ${cel(`${STORAGE.volume}/${dataPath(SOURCES.program, SOURCES.claim)}`)}`,
  `${claim('namespace')} == ${cel(NAMESPACES.sources)}`,
  `${claim('name')} == ${cel(SOURCES.claim)}`,
].join(' && ')

/** Whose folders of a PC are whose: each is led to by volumes of its own account alone. */
const ownedIn = ({ sources }: Room) => {
  const delivered = [ofCopies, ofServices, ...(sources.kind === 'room' ? [ofSources] : [])]
  const by = [byHomes, ...delivered.map((one) => `(${one})`)].join(' || ')
  return [
    { by: `(${by})`, at: STORAGE.run, says: 'where homes are shown' },
    { by: byDisks, at: LDAP_DISK.path, says: 'where an LDAP server keeps its people' },
  ]
}

type Room = Pick<Cluster, 'sources'>

/** Above, at or below a place; written crookedly too. */
const near = (led: string, place: string) =>
  `(${led} != '' && (${led} == '/' || ${led}.contains('//') || ${led}.contains('/.') || ${cel(`${place}/`)}.startsWith(${led}.endsWith('/') ? ${led} : ${led} + '/') || ${led}.startsWith(${cel(`${place}/`)})))`

const ofOthers = (room: Room): Proof => ({
  name: 'deskfleet-volumes-of-others',
  resources,
  where: 'everywhere',
  readsIdentities: false,
  when: {
    'a-path-of-the-pc': `has(object.spec.hostPath) || has(object.spec.local)`,
    // Kubernetes binds, protects and releases volumes; what they lead to stays.
    'new-or-led-elsewhere': `request.operation == 'CREATE' || object.spec.?hostPath != oldObject.spec.?hostPath || object.spec.?local != oldObject.spec.?local`,
  },
  variables: {},
  rules: ownedIn(room).flatMap(({ by, at, says }) =>
    ['hostPath', 'local'].map((kind) => {
      const led = `object.spec.?${kind}.path.orValue('')`
      return {
        expression: `${by} || !${near(led, at)}`,
        says: `'the volume leads to ' + ${led} + ', ${says}: choose a path outside ${at}'`,
      }
    }),
  ),
})

/** RBAC cannot say which volumes by the beginning of their names. */
const removed = (account: string, by: string, names: readonly string[], what: string): Proof => ({
  name: `deskfleet-volumes-removed-by-${account}`,
  resources: [{ ...on('', ['persistentvolumes'], ['DELETE']), scope: 'Cluster' }],
  where: 'everywhere',
  readsIdentities: false,
  when: { [`by-${account}`]: by },
  variables: {},
  rules: [
    {
      expression: names.join(' || '),
      says: `'the account ${account} removes ${what} alone, not ' + oldObject.metadata.name`,
    },
  ],
})

const named = (name: string): string => `oldObject.metadata.name == ${cel(name)}`
const namedFrom = (begin: string): string => `oldObject.metadata.name.startsWith(${cel(begin)})`

const REMOVED = removed(
  STORAGE.homes,
  byHomes,
  [named(SHARED_VOLUME), namedFrom(homeVolume(''))],
  'volumes of homes',
)
const REMOVED_OF_LDAP = removed(
  LDAP_DISK.program,
  byDisks,
  [namedFrom(LDAP_DISK.volume)],
  'volumes of LDAP servers',
)

export const volumeProofs = (room: Room): readonly Proof[] => [
  ...[OF_HOMES, OF_LDAP, ofOthers(room)],
  ...[REMOVED, REMOVED_OF_LDAP],
]
