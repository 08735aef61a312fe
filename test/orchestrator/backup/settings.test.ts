import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import test from 'ava'
import { readSettings } from '../../../orchestrator/backup/settings.ts'

test('what the pod sets is read, and everything that is wrong is told at once', async (t) => {
  const recipient = await identityToRecipient(await generateX25519Identity())
  const right = {
    DESKFLEET_ETCD_ENDPOINTS: 'https://127.0.0.1:2379 https://10.0.0.2:2379',
    DESKFLEET_KUBERNETES: '/etc/kubernetes',
    DESKFLEET_COPIES: '/var/lib/deskfleet/etcd-copies',
    DESKFLEET_SCRATCH: '/scratch',
    DESKFLEET_ETCD: '/usr/local/bin/etcd',
    DESKFLEET_ETCDUTL: '/usr/local/bin/etcdutl',
    DESKFLEET_COPIES_RECIPIENTS: recipient,
    DESKFLEET_IMAGE: 'registry/deskfleet:1.0.0',
    HOST_IP: '10.0.0.1',
    NODE_NAME: 'pc-1',
  }
  const read = readSettings(right)
  t.like('settings' in read ? read.settings : {}, {
    endpoints: ['https://127.0.0.1:2379', 'https://10.0.0.2:2379'],
    recipients: [recipient],
    pc: 'pc-1',
  })
  const wrong = readSettings({
    ...right,
    DESKFLEET_ETCD_ENDPOINTS: 'http://127.0.0.1:2379',
    DESKFLEET_COPIES_RECIPIENTS: 'AGE-SECRET-KEY-1X',
    NODE_NAME: undefined,
  })
  t.deepEqual('faults' in wrong ? wrong.faults.map((fault) => fault.split(' ')[0]) : [], [
    'DESKFLEET_ETCD_ENDPOINTS',
    'DESKFLEET_COPIES_RECIPIENTS',
    'NODE_NAME',
  ])
})
