import type { Construct } from 'constructs'
import { CONTROL_PLANE_GUARD } from '../../config/names.ts'
import { AGE, defineKind, UNCHECKED } from '../kit/definition.ts'

const text = (description: string) => ({ type: 'string', description })
const time = (description: string) => ({ type: 'string', format: 'date-time', description })

/** As `orchestrator/policy.ts` reads it. */
const SPEC = {
  type: 'object',
  required: ['mode', 'count', 'deadAfterSeconds', 'reboot', 'backup'],
  properties: {
    mode: {
      type: 'string',
      enum: ['Observe', 'Suggest', 'Act'],
      description: 'Observe only tells what is sick; Suggest also whom it would crown; Act does it.',
    },
    count: {
      'x-kubernetes-int-or-string': true,
      enum: ['auto', 1, 3, 5],
      description: 'How many PCs are masters; auto: by the number of PCs.',
    },
    deadAfterSeconds: {
      type: 'integer',
      minimum: 60,
      description: 'For so long a master must be silent before it counts as dead.',
    },
    reboot: {
      type: 'string',
      enum: ['Always', 'IfUptimeOver', 'Never'],
      description: 'Whether an heir is rebooted before it is crowned.',
    },
    backup: {
      type: 'string',
      enum: ['Required', 'Preferred'],
      description: 'Whether masters are changed only while a proven copy of etcd is at hand.',
    },
  },
}

/** As `orchestrator/summary.ts` writes it. */
const STATUS = {
  type: 'object',
  properties: {
    masters: text('Masters that are well, of those that are wanted.'),
    operation: text('What goes on; empty where nothing does.'),
    phase: text('How far it is.'),
    leaving: text('Who is a master no more afterwards.'),
    heir: text('Who is one then.'),
    backupAt: time('When the newest copy of etcd was proven.'),
    lookedAt: time('When the orchestrator looked last.'),
    message: text('What keeps it from going on, or what is wrong.'),
    certificates: {
      type: 'object',
      additionalProperties: { type: 'string', format: 'date-time' },
      description:
        'When the certificate of each master’s API server ends; kubeadm’s others on it end with it.',
    },
    halted: text('Why nothing at all is done.'),
    record: { ...UNCHECKED, description: 'What the orchestrator remembers between looks.' },
  },
}

/** What the orchestrator remembers stands in its status: where the kind is gone, a PC may stay half a master. */
export function guardDefinition(scope: Construct): void {
  const { name, ...names } = CONTROL_PLANE_GUARD
  defineKind(scope, names, {
    description: 'How many masters there shall be, and how they fare; there is one.',
    scope: 'Cluster',
    shortNames: ['guard'],
    properties: { spec: SPEC, status: STATUS },
    rules: [{ rule: `self.metadata.name == '${name}'`, message: `there is one, and its name is ${name}` }],
    columns: [
      { name: 'Masters', type: 'string', jsonPath: '.status.masters' },
      { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
      { name: 'Leaving', type: 'string', jsonPath: '.status.leaving' },
      { name: 'Heir', type: 'string', jsonPath: '.status.heir' },
      { name: 'Backup', type: 'date', jsonPath: '.status.backupAt' },
      { name: 'Looked', type: 'date', jsonPath: '.status.lookedAt' },
      { name: 'Halted', type: 'string', jsonPath: '.status.halted' },
      AGE,
    ],
  })
}
