const HEADING = '## [Unreleased]'

/** What has come since the last release, as CHANGELOG.md has it; empty when nothing is written down. */
export function unreleased(changelog: string): string {
  const [, after = ''] = changelog.split(`${HEADING}\n`)
  return (after.split(/^## /m)[0] ?? '').trim()
}

/** The changelog in which that has become the section of a version; a new, empty section stands above it. */
export const released = (changelog: string, version: string, date: string): string =>
  changelog.replace(`${HEADING}\n`, `${HEADING}\n\n## [${version}] - ${date}\n`)
