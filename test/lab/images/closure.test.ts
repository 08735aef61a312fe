import { join } from 'node:path'
import test from 'ava'
import { plainSource, sourceClosure } from '../../../lab/images/closure.ts'
import { BUILT, inputsOf, packagesOf } from '../../../lab/images/context.ts'

const root = join(import.meta.dirname, '..', '..', '..')

test('an image of desktops holds the bridge with what it loads, and nothing of other programs', (t) => {
  const sources = sourceClosure(root, 'bridge/main.ts')
  t.true(sources.includes('bridge/lock/decide.ts'))
  t.true(sources.includes('service/clock.ts'), 'what a type names and what is loaded from the same file')
  t.deepEqual(
    sources.filter((path) => !/^(bridge|config)\//.test(path)),
    [
      'service/address.ts',
      'service/body-time.ts',
      'service/clock.ts',
      'service/connections.ts',
      'service/crowd.ts',
      'service/listens.ts',
      'service/log.ts',
      'service/program.ts',
      'service/settings.ts',
      'service/tls.ts',
      'service/turns.ts',
    ],
  )
})

test('a source without its types keeps its lines and names its own files .js', (t) => {
  const text =
    "import { type A, b } from './x.ts'\nimport type { C } from './y.ts'\nconst n: number = b as number\n"
  const plain = plainSource(text)
  t.regex(plain, /^import \{ +b \} from '\.\/x\.js'\n/)
  t.notRegex(plain, /y\.ts|: number/)
  t.is(plain.split('\n').length, text.split('\n').length)
  t.is(plainSource("const late = await import('./late.ts')"), "const late = await import('./late.js')")
})

test('every image is made of its own folder, what it shares, and its sources; packages are sorted', (t) => {
  for (const image of BUILT) {
    t.true(inputsOf(image).includes(`images/${image}/Containerfile`), image)
    t.deepEqual(packagesOf(image), [...new Set(packagesOf(image))].sort(), image)
  }
  const light = inputsOf('desktop-light')
  t.true(light.includes('images/desktop/finish'), 'a change of what is shared is a change of the image')
  t.false(inputsOf('ldap').some((path) => path.startsWith('bridge/')))
  const gluster = inputsOf('gluster')
  t.true(gluster.includes('storage/mounter/main.ts'), 'the mounter runs from the image that holds its client')
  t.false(gluster.some((path) => /^(bridge|gateway|storage\/homes\/main)/.test(path)))
})
