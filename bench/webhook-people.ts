import type { Identity } from '../config/identity.ts'
import { FIRST_UID } from '../config/names.ts'

/** `count` people, each in five groups, as they are in a large room. */
export function manyPeople(count: number): Map<string, Identity> {
  const people = new Map<string, Identity>()
  for (let i = 0; i < count; i++) {
    const login = `person-${i}`
    const groups = [0, i % 7, i % 31, i % 97, i % 211]
    const spec = {
      login,
      uid: FIRST_UID + i,
      gid: FIRST_UID,
      groups: [...new Set(groups)]
        .sort((a, b) => a - b)
        .map((g) => ({ name: `group-${g}`, gid: FIRST_UID + g })),
      home: `/home/${login}`,
      shell: '/bin/bash',
      entryUUID: `8f0e5c3a-0000-4000-8000-${String(i).padStart(12, '0')}`,
    }
    people.set(login, { metadata: { name: login }, spec })
  }
  return people
}

/** A review as an API server sends it for a pod of a Deployment, about 4.8 kB long. */
export function review(slug: string): Buffer {
  const managedFields = [
    {
      manager: 'kube-controller-manager',
      operation: 'Update',
      apiVersion: 'v1',
      fieldsType: 'FieldsV1',
      fieldsV1: FIELDS,
    },
  ]
  const container = (name: string) => ({
    name,
    image: `registry.room:5000/${name}@sha256:${'0f'.repeat(32)}`,
    ports: [{ name: 'bridge', containerPort: 8444, protocol: 'TCP' }],
    env: Array.from({ length: 9 }, (_, i) => ({
      name: `DESKTOP_SETTING_${i}`,
      value: `value of setting ${i}`,
    })),
    resources: { requests: { cpu: '250m', memory: '512Mi' }, limits: { memory: '2Gi' } },
    volumeMounts: [
      { name: 'run', mountPath: '/run/desktop' },
      { name: 'tmp', mountPath: '/tmp' },
    ],
    readinessProbe: {
      httpGet: { path: '/ready', port: 'bridge', scheme: 'HTTPS' },
      periodSeconds: 2,
      timeoutSeconds: 1,
      successThreshold: 1,
      failureThreshold: 3,
    },
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: 'IfNotPresent',
  })
  const object = {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      generateName: `desktop-${slug}-7c9d8b6f5-`,
      labels: {
        'deskfleet.io/person': slug,
        'app.kubernetes.io/name': 'desktop',
        'pod-template-hash': '7c9d8b6f5',
      },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: `desktop-${slug}-7c9d8b6f5`,
          uid: '5b7b1d1e-1111-4222-8333-944445555666',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
      managedFields,
    },
    spec: {
      volumes: [
        { name: 'run', emptyDir: {} },
        { name: 'tmp', emptyDir: {} },
      ],
      containers: [container('desktop'), container('bridge')],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      serviceAccountName: 'default',
      securityContext: {},
      schedulerName: 'default-scheduler',
      tolerations: ['not-ready', 'unreachable'].map((taint) => ({
        key: `node.kubernetes.io/${taint}`,
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: 5,
      })),
      priority: 0,
      enableServiceLinks: false,
      preemptionPolicy: 'PreemptLowerPriority',
    },
    status: {},
  }
  const request = {
    uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    resource: { group: '', version: 'v1', resource: 'pods' },
    requestKind: { group: '', version: 'v1', kind: 'Pod' },
    requestResource: { group: '', version: 'v1', resource: 'pods' },
    namespace: 'desktops',
    operation: 'CREATE',
    userInfo: {
      username: 'system:serviceaccount:kube-system:replicaset-controller',
      uid: 'a',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
    },
    object,
    oldObject: null,
    dryRun: false,
    options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
  }
  return Buffer.from(JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request }))
}

const leaf = {}
const FIELDS = {
  'f:metadata': {
    'f:generateName': leaf,
    'f:labels': {
      '.': leaf,
      'f:deskfleet.io/person': leaf,
      'f:app.kubernetes.io/name': leaf,
      'f:pod-template-hash': leaf,
    },
    'f:ownerReferences': { '.': leaf },
  },
  'f:spec': {
    'f:containers': Object.fromEntries(
      ['desktop', 'bridge'].map((name) => [
        `k:{"name":"${name}"}`,
        {
          '.': leaf,
          'f:env': leaf,
          'f:image': leaf,
          'f:imagePullPolicy': leaf,
          'f:name': leaf,
          'f:ports': leaf,
          'f:resources': leaf,
          'f:volumeMounts': leaf,
        },
      ]),
    ),
    'f:dnsPolicy': leaf,
    'f:restartPolicy': leaf,
    'f:schedulerName': leaf,
    'f:securityContext': leaf,
  },
}
