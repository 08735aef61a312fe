import test from 'ava'
import { mutantsOf, spread, withMutant } from './mutants.ts'

/** The text after each fault that may be made in it. */
const faults = (text: string): string[] => mutantsOf('a.ts', text).map((one) => withMutant(text, one))

test('operators, denials, conditions, numbers, methods and fallbacks are changed, one at a time', (t) => {
  t.deepEqual(faults('x = a && b'), ['x = a || b'])
  t.deepEqual(faults('x = a >= b'), ['x = a > b'])
  t.deepEqual(faults('x = !a'), ['x = a'])
  t.deepEqual(faults('x = a ?? b'), ['x = a'])
  t.deepEqual(faults('x = list.every(f)'), ['x = list.some(f)'])
  t.deepEqual(faults('x = true'), ['x = false'])
  t.deepEqual(faults('const DAY = 24'), ['const DAY = 48'])
  t.deepEqual(faults('x = list[0]'), ['x = list[1]'])
  t.deepEqual(faults('if (a) b()'), ['if (false) b()', 'if (true) b()'])
  t.deepEqual(faults('x = a ? b : c'), ['x = false ? b : c', 'x = true ? b : c'])
})

test('types, texts and comments stay as they are', (t) => {
  t.deepEqual(faults("type A = { b: true; c: 3 } // a && b\nconst x: string = 'a && b'"), [])
})

test('places are right in texts beyond Latin', (t) => {
  t.deepEqual(faults("const s = '→ 🙂'; x = a === b"), ["const s = '→ 🙂'; x = a !== b"])
})

test('a spread takes the same ones every time, from all of the text', (t) => {
  const all = Array.from({ length: 100 }, (_, at) => at)
  t.deepEqual(spread(all, 4), [0, 25, 50, 75])
  t.deepEqual(spread([1, 2], 4), [1, 2])
})
