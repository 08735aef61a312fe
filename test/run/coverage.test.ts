import test from 'ava'
import { holdsTypesAlone } from './coverage.ts'

test('a file of types and comments has nothing that a test could reach', (t) => {
  const file = `/** A home. */
import type { Other } from './other.ts'
// Sizes are bytes.
export interface Home { readonly size: number }
export type Refusal = Other | 'no-room'
`
  t.true(holdsTypesAlone(file))
})

test('one constant, one call or one import for its effect is code', (t) => {
  for (const code of [
    'export const CLIENTS = 5',
    "console.log('begins')",
    "import './main.ts'",
    'export function decide(): void {}',
    'export class State {}',
  ])
    t.false(holdsTypesAlone(`export type Kind = 'a'\n${code}\n`), code)
})
