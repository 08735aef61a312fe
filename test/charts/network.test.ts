import test from 'ava'
import { parse } from 'yaml'
import { compileCluster } from '../../charts/apps.ts'
import { readCluster } from '../../config/read.ts'

/** What the policy of desktops lets out, by the settings. */
function outOf(settings: string): unknown[] {
  const read = readCluster({ name: 'cluster.yaml', text: `domain: room.test\n${settings}` })
  if (!read.ok) throw new Error(read.findings.map(({ what }) => what).join('\n'))
  const outcome = compileCluster(read.value)
  if (!outcome.ok) throw new Error(outcome.findings.map(({ what }) => what).join('\n'))
  const policy = [...outcome.value.files.values()]
    .map((text) => parse(text))
    .find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === 'desktops')
  // Names are looked up in any case: the first two.
  return policy.spec.egress.slice(2)
}

const CLUSTER = ['10.96.0.0/12', '10.244.0.0/16', '169.254.0.0/16']
const DOOR = {
  to: [{ ipBlock: { cidr: '192.0.2.10/32' } }],
  ports: [
    { port: 80, protocol: 'TCP' },
    { port: 443, protocol: 'TCP' },
  ],
}
const ADDRESS = 'hosts:\n  address: 192.0.2.10/24\n'

test('desktops reach the internet and the door, never the network of the PCs', (t) => {
  t.deepEqual(outOf(ADDRESS), [
    DOOR,
    { to: [{ ipBlock: { cidr: '0.0.0.0/0', except: [...CLUSTER, '192.0.2.0/24'] } }] },
  ])
})

test('where nobody says which network the PCs have, no private one is reached', (t) => {
  const except = [...CLUSTER, '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16']
  t.deepEqual(outOf(''), [{ to: [{ ipBlock: { cidr: '0.0.0.0/0', except } }] }])
})

test('nothing but the door', (t) => {
  t.deepEqual(outOf(`${ADDRESS}desktops:\n  internet: none\n`), [DOOR])
})

test('a list, without what of it is the PCs’ or the cluster’s own', (t) => {
  const listed =
    'desktops:\n  internet: listed\n  internetNetworks: [198.51.100.0/24, 192.0.0.0/16, 10.244.0.0/16]\n'
  t.deepEqual(outOf(`${ADDRESS}${listed}`), [
    DOOR,
    {
      to: [
        { ipBlock: { cidr: '198.51.100.0/24' } },
        { ipBlock: { cidr: '192.0.0.0/16', except: ['192.0.2.0/24'] } },
      ],
    },
  ])
})
