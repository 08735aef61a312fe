import { released, unreleased } from './changelog.ts'
import type { Facts } from './facts.ts'
import { nextVersion } from './version.ts'

/** One thing that a release does. */
export type Step =
  | { readonly kind: 'write'; readonly about: string; readonly path: string; readonly text: string }
  | { readonly kind: 'run'; readonly about: string; readonly command: readonly string[] }
  /** Left to whoever releases: it leaves this machine. */
  | { readonly kind: 'by hand'; readonly about: string; readonly command: string }

export interface Plan {
  /** Everything that stands in its way. */
  readonly faults: readonly string[]
  /** None when there is no version to release. */
  readonly steps: readonly Step[]
}

/** Where `main.ts` looks for the digests of a release. */
const RECORD = 'release/images.json'

/** What a release would do, and everything that stands in its way. Pure. */
export function planRelease(facts: Facts): Plan {
  const { current, tags, branch, changed, texts } = facts
  const raise = facts.raise ?? (tags.includes(`v${current}`) ? 'patch' : current)
  const next = nextVersion(current, raise)
  const changelog = texts.get('CHANGELOG.md') ?? ''
  const faults = [
    ...('fault' in next ? [next.fault] : []),
    ...('version' in next && tags.includes(`v${next.version}`)
      ? [`the tag v${next.version} is there already`]
      : []),
    ...(facts.builds ? [] : ['images are built by root alone: run it with sudo']),
    ...(branch === 'main' ? [] : [`this is the branch ${branch}: releases are made on main`]),
    ...(changed.length === 0
      ? []
      : [`not committed: ${changed.slice(0, 5).join(', ')}${changed.length > 5 ? ', …' : ''}`]),
    ...(unreleased(changelog) === '' ? ['CHANGELOG.md has nothing under [Unreleased]: say what is new'] : []),
  ]
  if ('fault' in next) return { faults, steps: [] }
  return { faults, steps: [...localSteps(facts, next.version), ...outwardSteps(facts, next.version)] }
}

function localSteps(facts: Facts, version: string): Step[] {
  const { current, texts, date } = facts
  const raised: Step[] =
    version === current
      ? []
      : [...texts]
          .filter(([path]) => path !== 'CHANGELOG.md')
          .map(
            ([path, text]): Step => ({
              kind: 'write',
              about: `names ${version}`,
              path,
              text: renamed(path, text, facts, version),
            }),
          )
          .filter((step) => step.kind === 'write' && step.text !== texts.get(step.path))
  return [
    ...raised,
    {
      kind: 'write',
      about: `[Unreleased] becomes [${version}] - ${date}`,
      path: 'CHANGELOG.md',
      text: released(texts.get('CHANGELOG.md') ?? '', version, date),
    },
    {
      kind: 'run',
      about:
        'builds the images of this version, and notes their digests (minutes, where they are not in the cache)',
      command: ['node', 'lab/images/command.ts', '--record', RECORD],
    },
    { kind: 'run', about: 'dist/ names them by these digests', command: ['node', 'main.ts'] },
    { kind: 'run', about: 'everything of it', command: ['git', 'add', '--all'] },
    { kind: 'run', about: 'one commit', command: ['git', 'commit', '--message', `Release ${version}`] },
    {
      kind: 'run',
      about: 'an annotated tag',
      command: ['git', 'tag', '--annotate', `v${version}`, '--message', `Deskfleet ${version}`],
    },
  ]
}

/** A file as it names the new version: manifests in their own way, pages by the images that they mention. */
function renamed(path: string, text: string, { current, images }: Facts, version: string): string {
  if (path === 'package.json') return text.replace(`"version": "${current}"`, `"version": "${version}"`)
  if (path === 'package-lock.json') return lockOf(text, version)
  return images.reduce((page, image) => page.replaceAll(`/${image}:${current}`, `/${image}:${version}`), text)
}

function lockOf(text: string, version: string): string {
  const lock = JSON.parse(text)
  const packages = { ...lock.packages, '': { ...lock.packages[''], version } }
  return `${JSON.stringify({ ...lock, version, packages }, null, 2)}\n`
}

function outwardSteps({ images, registry }: Facts, version: string): Step[] {
  return [
    {
      kind: 'by hand',
      about: 'prints each image with its digest, its archive and its bill of materials',
      command: 'npm run images',
    },
    ...images.map(
      (image): Step => ({
        kind: 'by hand',
        about: 'the archive that was printed; the digest stays',
        command: `skopeo copy --preserve-digests oci-archive:PATH docker://${registry}/${image}:${version}`,
      }),
    ),
    { kind: 'by hand', about: 'commit and tag', command: 'git push --follow-tags' },
  ]
}

/** The plan as people read it: the steps in their order, each with what it is for; then what stands in its way. */
export function planText({ faults, steps }: Plan): string {
  const lines = steps.map(
    (step) =>
      `${step.kind === 'by hand' ? 'by hand  ' : '         '}${what(step)}\n             ${step.about}\n`,
  )
  if (faults.length === 0) return lines.join('')
  return `${lines.join('')}In the way of it:\n${faults.map((fault) => `- ${fault}\n`).join('')}`
}

function what(step: Step): string {
  if (step.kind === 'write') return `write ${step.path}`
  return step.kind === 'run' ? step.command.map(quoted).join(' ') : step.command
}

const quoted = (word: string): string => (/\s/.test(word) ? `"${word}"` : word)
