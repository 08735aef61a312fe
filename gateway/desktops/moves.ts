import type { V1Node } from '@kubernetes/client-node'
import { MOVES_AT, MOVES_FOR } from '../../config/labels.ts'

/** A PC is about to be emptied, because it becomes a master: its desktops start again on others. */
export interface Move {
  /** Each has a name that no other ever has. */
  readonly operation: string
  /** Ms since 1970, by the clock of another PC; undefined where it was not said. */
  readonly at?: number
}

/** Undefined where the desktops of that PC stay. Pure. */
export function moveOf(node: V1Node | undefined): Move | undefined {
  const annotations = node?.metadata?.annotations ?? {}
  const operation = annotations[MOVES_FOR]
  if (!operation) return undefined
  const at = Date.parse(annotations[MOVES_AT] ?? '')
  return Number.isNaN(at) ? { operation } : { operation, at }
}
