import test from 'ava'
import { readCluster } from '../../config/read.ts'

const COMMIT = '1c0ca14f0e6d4b0e7f3c1a2b3c4d5e6f708192a3'

const revisionOf = (line: string) => {
  const read = readCluster({ name: 'cluster.yaml', text: `domain: a.org\ndelivery:\n  ${line}\n` })
  return read.ok ? read.value.delivery.revision : read.findings
}

for (const [line, revision] of [
  ['kind: flux', { ref: 'refs/heads/main' }],
  ['branch: release-1', { ref: 'refs/heads/release-1' }],
  ['branch: 1.2.3-fixes', { ref: 'refs/heads/1.2.3-fixes' }],
  ['branch: v1.2', { ref: 'refs/heads/v1.2' }],
  ['branch: feature/#7', { ref: 'refs/heads/feature/#7' }],
  ['branch: "on"', { ref: 'refs/heads/on' }],
  ['tag: v1.2', { ref: 'refs/tags/v1.2' }],
  ['tag: "1.10"', { ref: 'refs/tags/1.10' }],
  ['ref: refs/tags/v1.2', { ref: 'refs/tags/v1.2' }],
  ['ref: refs/pull/7/head', { ref: 'refs/pull/7/head' }],
  [`commit: ${COMMIT}`, { commit: COMMIT }],
] as const) {
  test(`what is applied is what was said: ${line}`, (t) => {
    t.deepEqual(revisionOf(line), revision)
  })
}
