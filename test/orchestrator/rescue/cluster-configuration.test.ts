import test from 'ava'
import { readClusterConfiguration } from '../../../orchestrator/rescue/cluster-configuration.ts'

const KIND = 'kind: ClusterConfiguration\n'

test('the room’s address is read, with the port that everybody uses', (t) => {
  const endpoint = (name: string) =>
    readClusterConfiguration(`${KIND}controlPlaneEndpoint: ${name}\n`).endpoint
  t.is(endpoint('room.example.org:8443'), 'room.example.org:8443')
  t.is(endpoint('10.0.0.100'), '10.0.0.100:6443')
  t.is(endpoint('""'), undefined)
  t.is(readClusterConfiguration(KIND).refusal, undefined)
})

test('a cluster whose things lie elsewhere is refused', (t) => {
  const refusal = (text: string) => readClusterConfiguration(text).refusal ?? ''
  t.regex(refusal(`${KIND}certificatesDir: /srv/pki\n`), /its keys in \/srv\/pki/)
  t.regex(refusal(`${KIND}etcd: { local: { dataDir: /srv/etcd } }\n`), /etcd in \/srv\/etcd/)
  t.regex(refusal(`${KIND}etcd: { external: { endpoints: [] } }\n`), /outside of the room/)
  t.regex(refusal('kind: Pod\n'), /no ClusterConfiguration/)
  t.regex(refusal('{'), /no ClusterConfiguration/)
  t.is(
    refusal(`${KIND}certificatesDir: /etc/kubernetes/pki\netcd: { local: { dataDir: /var/lib/etcd } }\n`),
    '',
  )
})
