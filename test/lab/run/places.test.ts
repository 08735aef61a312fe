import test from 'ava'
import { refuseName, runFolder } from '../../../lab/run/places.ts'

for (const name of ['lab', 't-4711', 'a', '0', 'a'.repeat(32)]) {
  test(`a lab may be called ${name}`, (t) => t.is(refuseName(name), undefined))
}

for (const name of ['', '-a', 'a-', 'A', '../etc', 'a/b', 'a b', 'a.b', 'ä', 'a'.repeat(33)]) {
  test(`a lab may not be called "${name}"`, (t) => {
    t.regex(refuseName(name) ?? '', /cannot name a lab: use/)
    t.throws(() => runFolder(name), { message: /cannot name a lab/ })
  })
}
