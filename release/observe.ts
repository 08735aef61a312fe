import { execFileSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { IMAGES } from '../config/images.ts'
import { readCluster } from '../config/read.ts'
import { VERSION } from '../config/version.ts'
import type { Facts } from './facts.ts'
import type { Raise } from './version.ts'

/** What a release of this checkout depends on. */
export function observe(root: string, raise: Raise | undefined, now: Date): Facts {
  const git = (...args: string[]): string[] =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean)
  const texts = new Map(
    ['package.json', 'package-lock.json', 'CHANGELOG.md', ...globSync('docs/**/*.md', { cwd: root })]
      .sort()
      .map((path) => [path, readFileSync(join(root, path), 'utf8')]),
  )
  const cluster = readCluster({
    name: 'cluster.yaml',
    text: readFileSync(join(root, 'cluster.yaml'), 'utf8'),
  })
  return {
    current: VERSION,
    raise,
    date: now.toISOString().slice(0, 10),
    builds: process.getuid?.() === 0,
    branch: git('branch', '--show-current')[0] ?? '(none)',
    changed: git('status', '--porcelain').map((line) => line.slice(3)),
    tags: git('tag', '--list'),
    texts,
    images: Object.entries(IMAGES).flatMap(([name, { tag }]) => (tag === VERSION ? name : [])),
    registry: cluster.ok ? cluster.value.registry : 'REGISTRY',
  }
}
