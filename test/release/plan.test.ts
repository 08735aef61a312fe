import test from 'ava'
import type { Facts } from '../../release/facts.ts'
import { type Plan, planRelease, planText } from '../../release/plan.ts'
import { nextVersion } from '../../release/version.ts'

const CHANGELOG =
  '# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A door.\n\n## [0.1.0] - 2026-01-01\n\n- All.\n'

const FACTS: Facts = {
  current: '0.1.0',
  raise: 'minor',
  date: '2026-12-24',
  builds: true,
  branch: 'main',
  changed: [],
  tags: ['v0.1.0'],
  texts: new Map([
    ['package.json', '{\n  "name": "x",\n  "version": "0.1.0",\n  "dependencies": { "y": "0.1.0" }\n}\n'],
    [
      'package-lock.json',
      '{\n  "version": "0.1.0",\n  "packages": {\n    "": {\n      "version": "0.1.0"\n    },\n    "node_modules/y": {\n      "version": "0.1.0"\n    }\n  }\n}\n',
    ],
    ['CHANGELOG.md', CHANGELOG],
    ['docs/operate.md', 'pull REGISTRY/door:0.1.0, REGISTRY/argocd:0.1.0 and y 0.1.0\n'],
    ['docs/other.md', 'nothing\n'],
  ]),
  images: ['deskfleet', 'door'],
  registry: 'registry.test:5000',
}

const written = ({ steps }: Plan) =>
  new Map(steps.flatMap((step) => (step.kind === 'write' ? [[step.path, step.text]] : [])))
const faults = (more: Partial<Facts>) => planRelease({ ...FACTS, ...more }).faults

test('a version is raised by part, or is a higher one', (t) => {
  t.deepEqual(
    ['major', 'minor', 'patch', '0.1.2', '2.0.0'].map((raise) => nextVersion('0.1.2', raise)),
    ['1.0.0', '0.2.0', '0.1.3', '0.1.2', '2.0.0'].map((version) => ({ version })),
  )
  for (const raise of ['0.1.1', '0.0.9', 'next', '1.2', 'v1.2.3'])
    t.true('fault' in nextVersion('0.1.2', raise))
  t.true('fault' in nextVersion('0.1', 'minor'))
})

test('manifests, pages and changelog name the new version, and nothing that is not ours changes', (t) => {
  const files = written(planRelease(FACTS))
  t.deepEqual([...files.keys()], ['package.json', 'package-lock.json', 'docs/operate.md', 'CHANGELOG.md'])
  t.is(
    files.get('package.json'),
    FACTS.texts.get('package.json')?.replace('"version": "0.1.0"', '"version": "0.2.0"'),
  )
  t.is(
    files.get('package-lock.json'),
    '{\n  "version": "0.2.0",\n  "packages": {\n    "": {\n      "version": "0.2.0"\n    },\n    "node_modules/y": {\n      "version": "0.1.0"\n    }\n  }\n}\n',
  )
  t.is(files.get('docs/operate.md'), 'pull REGISTRY/door:0.2.0, REGISTRY/argocd:0.1.0 and y 0.1.0\n')
  t.is(
    files.get('CHANGELOG.md'),
    '# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-12-24\n\n### Added\n\n- A door.\n\n## [0.1.0] - 2026-01-01\n\n- All.\n',
  )
})

test('dist/ is rendered after the version is raised; commit and tag come last; only people push', (t) => {
  const { steps } = planRelease(FACTS)
  t.deepEqual(
    steps.flatMap((step) => (step.kind === 'run' ? [step.command.slice(0, 2).join(' ')] : [])),
    ['node lab/images/command.ts', 'node main.ts', 'git add', 'git commit', 'git tag'],
  )
  t.true(steps.findIndex(({ kind }) => kind === 'run') > steps.findLastIndex(({ kind }) => kind === 'write'))
  t.deepEqual(
    steps.flatMap((step) => (step.kind === 'by hand' ? [step.command] : [])),
    [
      'npm run images',
      'skopeo copy --preserve-digests oci-archive:PATH docker://registry.test:5000/deskfleet:0.2.0',
      'skopeo copy --preserve-digests oci-archive:PATH docker://registry.test:5000/door:0.2.0',
      'git push --follow-tags',
    ],
  )
})

test('the first release is the version that stands there; later ones are patches unless more is asked', (t) => {
  const version = (more: Partial<Facts>) =>
    /becomes \[(.*)\]/.exec(
      planRelease({ ...FACTS, raise: undefined, ...more }).steps.find(({ about }) =>
        about.includes('becomes'),
      )?.about ?? '',
    )?.[1]
  t.is(version({ tags: [] }), '0.1.0')
  t.is(version({}), '0.1.1')
  t.deepEqual([...written(planRelease({ ...FACTS, raise: undefined, tags: [] })).keys()], ['CHANGELOG.md'])
})

test('all that stands in the way is said at once', (t) => {
  t.deepEqual(faults({}), [])
  t.deepEqual(
    faults({
      raise: '0.1.0',
      builds: false,
      branch: 'mine',
      changed: ['a.ts', 'b.ts'],
      texts: new Map([['CHANGELOG.md', '## [Unreleased]\n\n## [0.1.0] - 2026-01-01\n\n- All.\n']]),
    }),
    [
      'the tag v0.1.0 is there already',
      'images are built by root alone: run it with sudo',
      'this is the branch mine: releases are made on main',
      'not committed: a.ts, b.ts',
      'CHANGELOG.md has nothing under [Unreleased]: say what is new',
    ],
  )
})

test('the text has two lines for each step, marks those by hand, and ends with what stands in the way', (t) => {
  const plan = planRelease(FACTS)
  const text = planText(plan)
  t.is(text.trimEnd().split('\n').length, 2 * plan.steps.length)
  t.regex(text, /^ {9}write package\.json\n/)
  t.regex(text, /git commit --message "Release 0\.2\.0"/)
  t.regex(text, /by hand {2}git push --follow-tags/)
  t.is(planText({ faults: ['no'], steps: [] }), 'In the way of it:\n- no\n')
})
