import type { Construct } from 'constructs'
import {
  API_GROUP,
  API_VERSION,
  FIRST_GROUP_GID,
  FIRST_UID,
  IDENTITY,
  KERNEL_NUMBERS,
  LAST_UID,
  LOGIN_PATTERN,
  PASSWORD_SET_PATTERN,
} from '../../config/names.ts'
import { add } from '../kit/objects.ts'
import { KEPT } from '../kit/policies/contents.ts'

const notTheKernels = [
  {
    rule: KERNEL_NUMBERS.map((number) => `self != ${number}`).join(' && '),
    message: 'the number is the kernel\'s own "nobody"',
  },
]
const id = {
  ...{ type: 'integer', format: 'int64', minimum: FIRST_UID, maximum: LAST_UID },
  'x-kubernetes-validations': notTheKernels,
}
const name = { type: 'string', pattern: '^[A-Za-z0-9_][A-Za-z0-9_. -]{0,63}$' }

/** The shape of `spec`, as `config/identity.ts` describes it. */
const spec = {
  type: 'object',
  required: ['login', 'uid', 'gid', 'groups', 'home', 'shell', 'entryUUID'],
  properties: {
    login: { type: 'string', pattern: LOGIN_PATTERN.source, description: 'The LDAP uid.' },
    uid: { ...id, description: 'The LDAP uidNumber: unique.' },
    gid: { ...id, description: 'The LDAP gidNumber: the primary group.' },
    groups: {
      type: 'array',
      maxItems: 1000,
      description: 'Every group of the person.',
      items: {
        type: 'object',
        required: ['name', 'gid'],
        properties: {
          name,
          gid: {
            ...{ type: 'integer', format: 'int64', minimum: FIRST_GROUP_GID, maximum: LAST_UID },
            not: { enum: KERNEL_NUMBERS },
          },
        },
      },
    },
    home: { type: 'string', pattern: '^/home/[a-z_][a-z0-9_.-]{0,31}$' },
    shell: { type: 'string', pattern: '^/[A-Za-z0-9/_.-]+$', maxLength: 128 },
    entryUUID: { type: 'string', pattern: '^[0-9a-fA-F-]{36}$' },
    passwordSet: {
      type: 'string',
      pattern: PASSWORD_SET_PATTERN.source,
      description: 'When the password was last set: what was begun with an earlier one ends.',
    },
    locked: {
      type: 'boolean',
      enum: [true],
      description: 'Locked by an administrator: nothing runs as them.',
    },
  },
  // A person is one entry of LDAP for ever: a home bound to it must never open to another.
  'x-kubernetes-validations': [
    { rule: 'self.entryUUID == oldSelf.entryUUID', message: 'entryUUID never changes' },
    { rule: 'self.uid == oldSelf.uid', message: 'uid never changes' },
  ],
}

const condition = {
  type: 'object',
  required: ['type', 'status', 'lastTransitionTime', 'reason', 'message'],
  properties: {
    type: { type: 'string', maxLength: 316 },
    status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
    observedGeneration: { type: 'integer', format: 'int64', minimum: 0 },
    lastTransitionTime: { type: 'string', format: 'date-time' },
    reason: {
      type: 'string',
      minLength: 1,
      maxLength: 1024,
      pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
    },
    message: { type: 'string', maxLength: 32768 },
  },
}

const conditions = {
  type: 'array',
  // Two programs write conditions: Published is the sync's, HomeReady is storage's.
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
  items: condition,
}

const stateOf = (type: string) => `.status.conditions[?(@.type=="${type}")].status`

/** The custom resource that says who is who. Removing it would remove everybody, so it is never pruned. */
export function identityDefinition(scope: Construct): void {
  add(
    scope,
    'apiextensions.k8s.io/v1/CustomResourceDefinition',
    { name: `${IDENTITY.plural}.${API_GROUP}`, annotations: KEPT },
    {
      spec: {
        group: API_GROUP,
        scope: 'Cluster',
        names: {
          kind: IDENTITY.kind,
          listKind: `${IDENTITY.kind}List`,
          plural: IDENTITY.plural,
          singular: IDENTITY.singular,
          categories: ['deskfleet'],
        },
        versions: [
          {
            name: API_VERSION,
            served: true,
            storage: true,
            subresources: { status: {} },
            additionalPrinterColumns: [
              { name: 'Login', type: 'string', jsonPath: '.spec.login' },
              { name: 'Uid', type: 'integer', jsonPath: '.spec.uid' },
              { name: 'Published', type: 'string', jsonPath: stateOf('Published') },
              { name: 'Home', type: 'string', jsonPath: stateOf('HomeReady') },
              { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
            ],
            schema: {
              openAPIV3Schema: {
                type: 'object',
                description: 'Who somebody is: published from LDAP by the identity sync.',
                required: ['spec'],
                properties: { spec, status: { type: 'object', properties: { conditions } } },
              },
            },
          },
        ],
      },
    },
  )
}
