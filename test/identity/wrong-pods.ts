import { GROUP, PASSWD, PERSON } from '../../config/labels.ts'
import type { Tree } from './proof-lab.ts'

/** Sets one field by its path: `spec.containers.0.name`. */
function spoil(path: string, value: unknown) {
  return (object: object): object => {
    const keys = path.split('/')
    let at = object as Tree
    for (const key of keys.slice(0, -1)) at = at[key] as Tree
    const last = keys.at(-1) ?? ''
    if (value === undefined) delete at[last]
    else at[last] = value
    return object
  }
}

/** Adds to the list at a path. */
export const append = (path: string, value: unknown) => (object: object) => {
  let at: unknown = object
  for (const key of path.split('/')) at = (at as Tree)[key]
  ;(at as unknown[]).push(value)
  return object
}

const text = (path: string, change: (before: string) => string) => (object: object) => {
  let at: unknown = object
  for (const key of path.split('/').slice(0, 1)) at = (at as Tree)[key]
  const annotations = (at as { annotations: Record<string, string> }).annotations
  const key = path.split('/').slice(2).join('/')
  annotations[key] = change(annotations[key] ?? '')
  return object
}

export const container = 'spec/containers/0'
const init = 'spec/initContainers/0'
export const users = /no container may run as anybody else/
const others = /other volumes may only be/
const placed = /nothing else may be mounted/
const given = /the volumes home .* must be as the webhook gives them/
const mounted = /every container must mount home/

/** Each way to be wrong, and what the API server says of it. The honest twin of all is `carrying('ada')`. */
export const WRONG: Readonly<Record<string, readonly [spoil: (object: object) => object, says: RegExp]>> = {
  'no label': [spoil(`metadata/labels`, {}), /must say whose it is/],
  'an unknown person': [spoil('metadata/labels', { [PERSON]: 'nobody' }), /nobody named nobody is known/],
  "another person's label": [spoil('metadata/labels', { [PERSON]: 'bob' }), /must have runAsUser/],
  'another uid': [spoil('spec/securityContext/runAsUser', 10999), /must have runAsUser/],
  'no uid': [spoil('spec/securityContext/runAsUser', undefined), /must have runAsUser/],
  'another gid': [spoil('spec/securityContext/runAsGroup', 10999), /must have runAsUser/],
  'no gid': [spoil('spec/securityContext/runAsGroup', undefined), /must have runAsUser/],
  'no pod settings at all': [spoil('spec/securityContext', undefined), /must have runAsUser/],
  'a group too many': [append('spec/securityContext/supplementalGroups', 10777), /supplementalGroups/],
  'a group too few': [spoil('spec/securityContext/supplementalGroups', []), /supplementalGroups/],
  'groups of the image, too': [
    spoil('spec/securityContext/supplementalGroupsPolicy', 'Merge'),
    /supplementalGroupsPolicy Strict/,
  ],
  fsGroup: [spoil('spec/securityContext/fsGroup', 10001), /no fsGroup/],
  'a container of another uid': [spoil(`${container}/securityContext/runAsUser`, 10999), users],
  'an init container of another uid': [spoil(`${init}/securityContext/runAsUser`, 10999), users],
  'a container of another gid': [spoil(`${container}/securityContext/runAsGroup`, 10999), users],
  'a container that may be root': [spoil(`${container}/securityContext/runAsNonRoot`, false), users],
  "another person's home": [spoil('spec/volumes/1/persistentVolumeClaim/claimName', 'home-bob'), given],
  'a second home': [
    append('spec/volumes', { name: 'more', persistentVolumeClaim: { claimName: 'home-bob' } }),
    others,
  ],
  'a path of the host': [append('spec/volumes', { name: 'more', hostPath: { path: '/' } }), others],
  'a token of the API': [
    append('spec/volumes', {
      name: 'more',
      projected: { sources: [{ serviceAccountToken: { path: 'token' } }] },
    }),
    others,
  ],
  "another desktop's secret": [
    append('spec/volumes', { name: 'more', secret: { secretName: 'desktop-bob' } }),
    others,
  ],
  'a volume of another server': [
    append('spec/volumes', { name: 'more', nfs: { server: 'x', path: '/' } }),
    others,
  ],
  'files from elsewhere': [
    spoil('spec/volumes/3', { name: 'identity', configMap: { name: 'forged' } }),
    given,
  ],
  'the passwd file from another annotation': [
    spoil('spec/volumes/3/downwardAPI/items/0/fieldRef/fieldPath', "metadata.annotations['forged']"),
    given,
  ],
  'a second passwd file by a crooked path': [
    append('spec/volumes/3/downwardAPI/items', {
      path: './passwd',
      fieldRef: { fieldPath: "metadata.annotations['forged']" },
    }),
    given,
  ],
  'a home that is not mounted': [spoil(`${container}/volumeMounts/0/mountPath`, '/elsewhere'), mounted],
  'a part of the home': [spoil(`${container}/volumeMounts/0/subPath`, 'bob'), mounted],
  'a home that does not follow': [spoil(`${container}/volumeMounts/0/mountPropagation`, 'None'), mounted],
  'no passwd file in the init container': [spoil(`${init}/volumeMounts/2/mountPath`, '/etc/shadow'), mounted],
  'something over the home': [
    append(`${container}/volumeMounts`, { name: 'scratch', mountPath: '/home/ada' }),
    placed,
  ],
  'something over /etc': [
    append(`${container}/volumeMounts`, { name: 'scratch', mountPath: '/etc' }),
    placed,
  ],
  'something over the whole root': [
    append(`${container}/volumeMounts`, { name: 'scratch', mountPath: '/' }),
    placed,
  ],
  'something over the home by a crooked path': [
    append(`${container}/volumeMounts`, { name: 'scratch', mountPath: '/tmp/../home' }),
    /nothing else may be mounted|must not contain '\.\.'/,
  ],
  'the home in a second place': [
    append(`${container}/volumeMounts`, { name: 'home', mountPath: '/backdoor' }),
    placed,
  ],
  'a variable from another Secret': [
    append(`${container}/env`, {
      name: 'X',
      valueFrom: { secretKeyRef: { name: 'desktop-bob', key: 'token' } },
    }),
    /no container may read another Secret/,
  ],
  'all variables of another Secret': [
    spoil(`${init}/envFrom`, [{ secretRef: { name: 'ldap-admin' } }]),
    /no container may read another Secret/,
  ],
  'another HOME': [spoil(`${container}/env/0/value`, '/home/bob'), /HOME, USER and LOGNAME/],
  'a second USER': [append(`${container}/env`, { name: 'USER', value: 'bob' }), /HOME, USER and LOGNAME/],
  'a forged passwd line': [
    text(`metadata/annotations/${PASSWD}`, (before) => before.replace(/:\d+:\d+:ada:/, ':0:0:ada:')),
    /the annotation .*passwd/,
  ],
  'a passwd line too many': [
    text(`metadata/annotations/${PASSWD}`, (before) => `${before}toor:x:0:0::/:/bin/sh\n`),
    /the annotation .*passwd/,
  ],
  'a forged group': [
    text(`metadata/annotations/${GROUP}`, (before) => `${before}wheel:x:10:ada\n`),
    /the annotation .*group/,
  ],
  'a group under another gid': [
    text(`metadata/annotations/${GROUP}`, (before) => before.replace(/people:x:\d+/, 'people:x:4')),
    /the annotation .*group/,
  ],
  'a chosen PC': [spoil('spec/nodeName', 'pc-1'), /choose its PC/],
  'the network of the PC': [spoil('spec/hostNetwork', true), /share a namespace of its PC|host namespaces/],
  'last words over the accounts': [
    spoil(`${container}/terminationMessagePath`, '/etc/passwd'),
    /terminationMessagePath must be/,
  ],
  'last words of an init container in the shared folder': [
    spoil(`${init}/terminationMessagePath`, '/mnt/shared/deep/words'),
    /terminationMessagePath must be/,
  ],
  "a system's priority": [spoil('spec/priorityClassName', 'system-node-critical'), /is not for desktops/],
  "the platform's priority": [spoil('spec/priorityClassName', 'deskfleet-platform'), /is not for desktops/],
  'a device of the PC': [
    spoil('spec/resourceClaims', [{ name: 'gpu', resourceClaimName: 'gpu' }]),
    /takes devices of the PC/,
  ],
  'a rule that keeps desktops of others off its PC': [
    spoil('spec/affinity', {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { [PERSON]: 'bob' } } },
        ],
      },
    }),
    /keeps pods of others away from the PC/,
  ],
  'mapped uids': [spoil('spec/hostUsers', false), /homes cannot be shown under mapped uids/],
  'limits of the pod as a whole': [
    spoil('spec/resources', { limits: { memory: '1Ti' } }),
    /bounds the pod past the limits|maximum memory usage per/,
  ],
  'too much memory': [
    spoil(`${container}/resources`, { limits: { memory: '1Ti' } }),
    /maximum memory usage per Container/,
  ],
  'too much of the disk': [
    spoil(`${container}/resources`, { limits: { 'ephemeral-storage': '1Ti' } }),
    /maximum ephemeral-storage usage per Container/,
  ],
  'whole PCs of processors': [
    spoil(`${init}/resources`, { requests: { cpu: '100' }, limits: { cpu: '100' } }),
    /maximum cpu usage per Container/,
  ],
}
