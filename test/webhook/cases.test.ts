import { readdirSync, readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { parse } from 'yaml'
import { z } from 'zod'
import { type Decision, decide } from '../../webhook/decide.ts'
import { applied, callOf, decideOn, valueAt } from './calls.ts'
import { known } from './people.ts'

const FOLDER = new URL('cases/', import.meta.url)

const caseSchema = z.strictObject({
  what: z.string(),
  call: z
    .strictObject({
      operation: z.string().exactOptional(),
      subResource: z.string().exactOptional(),
      namespace: z.string().exactOptional(),
      resource: z
        .strictObject({ group: z.string(), version: z.string(), resource: z.string() })
        .exactOptional(),
    })
    .optional(),
  pod: z.unknown(),
  untouched: z.literal(true).optional(),
  patched: z
    .strictObject({
      /** JSON pointers that the patch must add to. */
      adds: z.array(z.string()).optional(),
      /** JSON pointers of the pod that must say afterwards what they said before. */
      leaves: z.array(z.string()).optional(),
      /** Lists that end with what they were. */
      ends: z.array(z.string()).optional(),
      /** The whole pod afterwards. */
      result: z.unknown().optional(),
    })
    .optional(),
  refused: z
    .strictObject({
      code: z.literal([400, 403, 422]),
      why: z.enum(['unsupported', 'misshapen', 'unlabelled', 'unknown', 'locked', 'unfit', 'conflict']),
      says: z.array(z.string()).min(1),
      /** So many lines of conflicts, no more. */
      conflicts: z.number().optional(),
    })
    .optional(),
})
type Case = z.infer<typeof caseSchema>

const names = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'))

for (const name of names) {
  const one = caseSchema.parse(parse(readFileSync(new URL(name, FOLDER), 'utf8')))
  test(`${name}: ${one.what}`, (t) => {
    const given = structuredClone(one.pod)
    const decision = decide(callOf(one.pod, one.call), known)
    t.deepEqual(one.pod, given, 'deciding changes nothing')
    if (one.refused) checkRefused(t, decision, one.refused)
    else if (one.patched) checkPatched(t, decision, one.pod, one.patched)
    else t.is(decision.result, 'untouched')
  })
}

test('there are enough cases, and each has one outcome', (t) => {
  t.true(names.length >= 45)
  for (const name of names) {
    const one = caseSchema.parse(parse(readFileSync(new URL(name, FOLDER), 'utf8')))
    t.is([one.untouched, one.patched, one.refused].filter(Boolean).length, 1, name)
  }
})

function checkRefused(t: ExecutionContext, decision: Decision, wanted: NonNullable<Case['refused']>): void {
  if (decision.result !== 'refused') {
    t.fail(`is ${decision.result}`)
    return
  }
  t.is(decision.code, wanted.code)
  t.is(decision.why, wanted.why)
  for (const part of wanted.says)
    t.true(decision.message.includes(part), `${part}\nnot in\n${decision.message}`)
  if (wanted.conflicts === undefined) return
  t.is(decision.message.split('\n').filter((line) => line.startsWith('- ')).length, wanted.conflicts)
}

function checkPatched(
  t: ExecutionContext,
  decision: Decision,
  pod: unknown,
  wanted: NonNullable<Case['patched']>,
): void {
  if (decision.result !== 'patched') {
    t.fail(`is ${JSON.stringify(decision)}`)
    return
  }
  const paths = decision.additions.map(({ path }) => path)
  for (const path of wanted.adds ?? []) t.true(paths.includes(path), `${path} not in ${paths.join(' ')}`)
  const after = applied(pod, decision)
  for (const path of wanted.leaves ?? []) {
    t.deepEqual(valueAt(after, path), valueAt(pod, path), path)
  }
  for (const path of wanted.ends ?? []) {
    const [was, is] = [valueAt(pod, path), valueAt(after, path)]
    if (!Array.isArray(was) || !Array.isArray(is)) throw new Error(`${path} is no list`)
    t.deepEqual(is.slice(-was.length), was, path)
  }
  if (wanted.result) t.deepEqual(after, wanted.result)
  t.is(decideOn(after).result, 'untouched', 'a second call adds nothing')
}
