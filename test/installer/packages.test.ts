import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { packagesAskedFor } from '../../lab/bundle/contents.ts'
import { temporaryFolder } from '../harness/temporary-folder.ts'
import { makeBundle } from './bundle.ts'

/** Where the packages of Debian come from: shown, as a dry run does. */

const installer = join(import.meta.dirname, '../../installer')

function dryRun(bundle: string): string {
  const programs = temporaryFolder()
  writeFileSync(join(programs, 'dpkg-query'), '#!/bin/sh\n', { mode: 0o755 })
  const script = `here=$0 bundle=$1 run_folder=/run/x; . "$here/doing.sh"; . "$here/steps/programs.sh"; . "$here/steps/packages.sh"
    debian_release() { echo 13; }
    to_do() { state='to do' says=$1; }; refused() { state=refused says="$1 | $2"; }
    packages_look; echo "$state: $says"; [ "$state" = refused ] || packages_do`
  const { status, stdout, stderr } = spawnSync('sh', ['-euc', script, installer, bundle], {
    encoding: 'utf8',
    env: { PATH: `${programs}:${process.env.PATH}` },
  })
  if (status !== 0) throw new Error(stderr)
  return stdout
}

test('without a bundle they come from the mirror of the PC', (t) => {
  const said = dryRun('')
  t.regex(said, /^to do: missing: apparmor .*; from the mirror of this PC$/m)
  t.regex(
    said,
    /apt-get --quiet --quiet update\n.*apt-get --quiet --yes .* install apparmor .*\n.*apt-mark hold runc\n$/,
  )
  t.notRegex(said, /bundle\.list/)
})

test('a bundle that has none for the Debian of this PC changes nothing about that', (t) => {
  const bundle = makeBundle(temporaryFolder())
  mkdirSync(join(bundle, 'packages/12'), { recursive: true })
  writeFileSync(join(bundle, 'packages/12/Packages'), '')
  t.regex(dryRun(bundle), /from the mirror of this PC$/m)
})

const ALL = packagesAskedFor('packages', readFileSync(join(installer, 'steps/packages.sh'), 'utf8'))
const listOf = (names: readonly string[]): string => names.map((name) => `Package: ${name}\n`).join('\n')

test('a bundle that lacks one of them is no source: the mirror has them all', (t) => {
  const some = { 'packages/13/Packages': listOf(ALL.filter((name) => name !== 'runc')) }
  t.notRegex(dryRun(makeBundle(temporaryFolder(), some)), /bundle\.list/)
})

test('a bundle that has them is the only source, and those of the PC stay as they are', (t) => {
  const bundle = makeBundle(temporaryFolder(), { 'packages/13/Packages': listOf(ALL) })
  const said = dryRun(bundle)
  t.true(said.includes(`; from ${bundle}/packages/13\n`), said)
  t.regex(said, /deb \[trusted=yes\] file:\/run\/x\/packages \.\//)
  t.regex(said, /Dir::Etc::SourceList "\/run\/x\/bundle\.list";/)
  t.regex(said, /Dir::Etc::SourceParts "\/dev\/null";/)
  t.is(said.match(/apt-get --config-file=\/run\/x\/apt\.conf --quiet/g)?.length, 2)
})

test('a bundle that is not whole installs nothing', (t) => {
  const bundle = makeBundle(temporaryFolder(), { 'packages/13/Packages': listOf(ALL) })
  writeFileSync(join(bundle, 'packages/13/Packages'), `${listOf(ALL)}Package: something-else\n`)
  t.regex(dryRun(bundle), /^refused: .*\/packages\/13\/Packages has the sum .* \| copy the bundle anew/)
})
