import test from 'ava'
import { parse } from 'yaml'
import { writeYaml } from '../../config/yaml.ts'
import { SCALARS } from './scalars.ts'

for (const version of ['1.1', '1.2'] as const) {
  test(`text stays text for a reader of YAML ${version}`, (t) => {
    for (const text of SCALARS) t.is(parse(writeYaml({ text }), { version }).text, text)
    t.deepEqual(parse(writeYaml(SCALARS), { version }), SCALARS)
    // A bare << begins a merge, and no object of Kubernetes has such a key.
    const keys = Object.fromEntries(SCALARS.filter((text) => text !== '<<').map((text) => [text, 'x']))
    t.deepEqual(parse(writeYaml(keys), { version }), keys)
  })
}
