import test from 'ava'
import { IMAGES, imageReference, isImageName } from '../../config/images.ts'
import { readCluster } from '../../config/read.ts'
import { byRelease, readRelease, releaseText } from '../../config/release.ts'
import { VERSION } from '../../config/version.ts'

const digest = (digit: string) => `sha256:${digit.repeat(64)}`
const DIGESTS = { ldap: digest('1'), deskfleet: digest('2') }

function clusterOf(text: string) {
  const cluster = readCluster({ name: 'cluster.yaml', text })
  if (!cluster.ok) throw new Error('the text has mistakes')
  return cluster.value
}

function releaseOf(text: string) {
  const release = readRelease('images.json', text)
  if ('finding' in release) throw new Error(release.finding.what)
  return release
}

const all = (settings: Parameters<typeof imageReference>[1]) =>
  Object.fromEntries(
    Object.keys(IMAGES)
      .filter(isImageName)
      .map((name) => [name, imageReference(name, settings)]),
  )

test('images are named by the digests of the release, in the registry of the room', (t) => {
  const cluster = byRelease(
    clusterOf('domain: a.org\nregistry: r.test:5000\n'),
    releaseOf(releaseText(DIGESTS)),
  )
  const references = all(cluster)
  t.is(references.ldap, `r.test:5000/ldap@${DIGESTS.ldap}`)
  t.is(references.deskfleet, `r.test:5000/deskfleet@${DIGESTS.deskfleet}`)
  t.is(references.door, `r.test:5000/door:${VERSION}`, 'one that the record does not have')
})

test('what cluster.yaml says of an image comes before the release', (t) => {
  const other = `other.test/ldap@${digest('3')}`
  const cluster = clusterOf(`domain: a.org\nimages: { ldap: "${other}" }\n`)
  t.is(all(byRelease(cluster, releaseOf(releaseText(DIGESTS)))).ldap, other)
})

test('the digests of another version are not those of this one', (t) => {
  const cluster = clusterOf('domain: a.org\n')
  t.deepEqual(all(byRelease(cluster, releaseOf(releaseText(DIGESTS, '99.0.0')))), all(cluster))
})

test('a record that is none is refused, with its file', (t) => {
  for (const text of [
    '{',
    '{}',
    '{"version":"1","images":{"ldap":"latest"}}',
    '{"version":"1","images":{"x":"y"}}',
  ])
    t.like(readRelease('release/images.json', text), {
      finding: { severity: 'error', where: 'release/images.json' },
    })
})

test('the same digests make the same record, whatever their order', (t) => {
  const { ldap, deskfleet } = DIGESTS
  t.is(releaseText({ ldap, deskfleet }), releaseText({ deskfleet, ldap }))
})
