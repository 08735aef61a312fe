import type { Construct } from 'constructs'
import { GLUSTER_BRICK, GLUSTER_VOLUME, HOME_PLACE, STORAGE_MOVE, STORAGE_USAGE } from '../../config/names.ts'
import { AGE, type Definition, defineKind, type Names, UNCHECKED } from '../kit/definition.ts'

/**
 * The custom resources of a Gluster volume. What the agents remember stands in the status of the one; removing it would let
 * them forget who is shut out, so neither is ever pruned.
 */
export function glusterDefinitions(scope: Construct): void {
  define(scope, GLUSTER_VOLUME, {
    description: 'A replicated volume over the disks of the PCs: how it shall be, from Git, and how it is.',
    spec: {
      type: 'object',
      required: ['replicas', 'spares', 'replaceAfterSeconds'],
      properties: {
        replicas: { type: 'integer', minimum: 1, maximum: 7, description: 'Copies of every file.' },
        minReplicas: {
          type: 'integer',
          minimum: 1,
          maximum: 7,
          description:
            'Copies that must be possible before the volume is made; left out: as many as there are.',
        },
        spares: { type: 'integer', minimum: 0, description: 'PCs whose bricks are kept for repairs.' },
        replaceAfterSeconds: {
          type: 'integer',
          minimum: 0,
          description: 'For so long a brick may be missing before another takes its place.',
        },
      },
    },
    columns: [
      { name: 'Wanted', type: 'integer', jsonPath: '.spec.replicas' },
      { name: 'Copies', type: 'integer', jsonPath: '.status.copies' },
      { name: 'Available', type: 'string', jsonPath: stateOf('Available') },
      { name: 'Healthy', type: 'string', jsonPath: stateOf('Healthy') },
      { name: 'Reason', type: 'string', jsonPath: '.status.conditions[?(@.type=="Healthy")].reason' },
      AGE,
    ],
  })
  define(scope, GLUSTER_BRICK, {
    description: 'The brick of a PC, named like its Node: what its agent sees, and whether it is to leave.',
    spec: {
      type: 'object',
      properties: {
        retiring: {
          type: 'boolean',
          description: 'What it has is brought to other PCs, so that it can be taken away.',
        },
      },
    },
    columns: [
      { name: 'Bytes', type: 'integer', jsonPath: '.status.brick.bytes' },
      { name: 'Free', type: 'integer', jsonPath: '.status.brick.free' },
      { name: 'Holds', type: 'string', jsonPath: '.status.brick.holds' },
      { name: 'Fault', type: 'string', jsonPath: '.status.brick.fault' },
      { name: 'Retiring', type: 'boolean', jsonPath: '.spec.retiring' },
      AGE,
    ],
  })
}

/** What homes take up, of whatever kind storage is. Made anew within hours where it is lost. */
export function usageDefinition(scope: Construct): void {
  defineKind(scope, STORAGE_USAGE, {
    description: 'What homes take up on a set of disks, as it was measured.',
    // Written by programs alone, and checked by whoever reads it.
    properties: { record: UNCHECKED },
    columns: [
      { name: 'Set', type: 'integer', jsonPath: '.record.set' },
      { name: 'Bytes', type: 'integer', jsonPath: '.record.homes.bytes' },
      { name: 'Files', type: 'integer', jsonPath: '.record.homes.files' },
      { name: 'Measured', type: 'string', jsonPath: '.record.measured' },
    ],
  })
}

/** The custom resources by which homes are moved from one storage to another. Without them nobody knows where a home lies. */
export function moveDefinitions(scope: Construct): void {
  const number = { type: 'integer', format: 'int64', minimum: 0 }
  const side = { type: 'string', enum: ['from', 'here'] }
  define(scope, HOME_PLACE, {
    description:
      'On which of two storages a home lies while homes are moved between them; named by its entryUUID.',
    spec: {
      type: 'object',
      required: ['side'],
      properties: {
        side: { ...side, description: 'Where it lies.' },
        held: {
          type: 'object',
          required: ['side', 'uid', 'gid'],
          description: 'It is kept from its person this moment.',
          properties: {
            side: { ...side, description: 'Where it lay when it was taken hold of.' },
            uid: number,
            gid: number,
            back: { type: 'boolean', description: 'It was given up, and is only given back.' },
          },
        },
        compared: { type: 'number', description: 'When every byte was compared with the copy, in seconds.' },
      },
    },
    columns: [
      { name: 'Side', type: 'string', jsonPath: '.spec.side' },
      { name: 'Held', type: 'string', jsonPath: '.spec.held.side' },
      AGE,
    ],
  })
  define(scope, STORAGE_MOVE, {
    description: 'What the administrator wants of the move of all homes, and how far it is.',
    spec: {
      type: 'object',
      properties: {
        wish: {
          type: 'string',
          enum: [...WISHES],
          description: 'Homes stay where they are, go over, go back; or the move is over.',
        },
      },
    },
    columns: [
      { name: 'Wish', type: 'string', jsonPath: '.spec.wish' },
      { name: 'Moved', type: 'integer', jsonPath: '.status.moved' },
      { name: 'To go', type: 'integer', jsonPath: '.status.toGo' },
      { name: 'Done', type: 'boolean', jsonPath: '.status.done' },
      AGE,
    ],
  })
}

const WISHES = ['stay', 'over', 'back', 'finish']
const stateOf = (type: string) => `.status.conditions[?(@.type=="${type}")].status`

/** A kind with what is wanted of it, and what its programs, which alone write that, say of it. */
const define = (
  scope: Construct,
  names: Names,
  { spec, ...rest }: Omit<Definition, 'properties'> & { readonly spec: object },
): void => defineKind(scope, names, { ...rest, properties: { spec, status: UNCHECKED } })
