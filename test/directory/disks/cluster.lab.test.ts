import { CoreV1Api, type KubeConfig } from '@kubernetes/client-node'
import test from 'ava'
import { unless } from '../../../cluster/answer.ts'
import { NAME } from '../../../config/labels.ts'
import { LDAP, LDAP_DISK, NAMESPACES } from '../../../config/names.ts'
import { disksCluster } from '../../../directory/disks/cluster.ts'
import type { Claim, Pc } from '../../../directory/disks/facts.ts'
import { administrator, type OwnLab, ownLab } from '../../harness/lab.ts'

/** The steps for the servers' disks, on a real API server whose PCs are gone. */

const namespace = NAMESPACES.directory
const PC: Pc = { name: 'gone', hostname: 'gone', ready: false, since: undefined, open: true }

let own: OwnLab
let config: KubeConfig
let core: CoreV1Api
test.before(async () => {
  own = await ownLab()
  config = administrator(own.lab)
  core = config.makeApiClient(CoreV1Api)
  await unless(409, () => core.createNamespace({ body: { metadata: { name: namespace } } }))
  await unless(409, () =>
    core.createNamespacedServiceAccount({ namespace, body: { metadata: { name: 'default' } } }),
  )
})
test.after.always(() => own?.end())

const claimNamed = async (name: string): Promise<Claim> => {
  const found = (await disksCluster(config).observe()).claims.find((one) => one.name === name)
  if (!found) throw new Error(`there is no claim ${name}`)
  return found
}

async function makeClaim(name: string): Promise<Claim> {
  await core.createNamespacedPersistentVolumeClaim({
    namespace,
    body: {
      metadata: { name, annotations: { 'volume.kubernetes.io/selected-node': PC.name } },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: LDAP_DISK.storageClass,
        resources: { requests: { storage: LDAP_DISK.size } },
      },
    },
  })
  return claimNamed(name)
}

test.serial('a disk is made for its claim, and found again with its PC; made twice it is one', async (t) => {
  const cluster = disksCluster(config)
  const claim = await makeClaim('data-ldap-0')
  t.like(claim, { ours: true, chosen: PC.name, leaving: false })
  await cluster.act({ step: 'make-disk', claim, pc: PC })
  await cluster.act({ step: 'make-disk', claim, pc: PC })
  const { disks } = await cluster.observe()
  t.deepEqual(disks, [{ name: `${LDAP_DISK.volume}${claim.uid}`, claimUid: claim.uid, pc: PC.name }])
})

test.serial(
  'a server is moved off a PC whose kubelet never answers: claim and pod are gone at once',
  async (t) => {
    const cluster = disksCluster(config)
    const claim = await makeClaim('data-ldap-1')
    await core.createNamespacedPod({
      namespace,
      body: {
        metadata: { name: 'ldap-1', labels: { [NAME]: LDAP.service } },
        spec: {
          nodeName: PC.name,
          terminationGracePeriodSeconds: 30,
          containers: [{ name: 'ldap', image: 'registry.example.org/ldap:1' }],
          volumes: [{ name: 'data', persistentVolumeClaim: { claimName: claim.name } }],
        },
      },
    })
    const server = (await cluster.observe()).servers.find(({ name }) => name === 'ldap-1')
    t.like(server, { claim: claim.name, pc: PC.name, ready: false })
    // As the control plane does to pods of a silent PC: it waits for a word that never comes.
    await core.deleteNamespacedPod({ namespace, name: 'ldap-1' })
    const other = server && { ...server, uid: '00000000-0000-0000-0000-000000000000' }
    await t.throwsAsync(cluster.act({ step: 'move', claim, server: other, why: '' }), {
      message: /precondition/,
    })
    t.is((await cluster.observe()).servers.length, 1, 'another one of that name stays')
    await cluster.act({ step: 'move', claim, server, why: '' })
    t.deepEqual((await cluster.observe()).servers, [])
    await cluster.act({ step: 'move', claim, server, why: '' })
  },
)

test.serial('a claim that was made anew under the same name is not removed for the former one', async (t) => {
  const claim = await makeClaim('data-ldap-2')
  const former = { ...claim, uid: '00000000-0000-0000-0000-000000000000' }
  const cluster = disksCluster(config)
  await t.throwsAsync(cluster.act({ step: 'move', claim: former, server: undefined, why: '' }))
  t.false((await claimNamed('data-ldap-2')).leaving)
})
