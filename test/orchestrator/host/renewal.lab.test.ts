import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { CROWN } from '../../../config/names.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'
import { startPc, type TestPc } from './pc.ts'

/** The certificates that real kubeadm makes on a master, and what a PC does before they end, whatever ends it in between. */

const MARKS = '/var/lib/deskfleet/crown'
let pc: TestPc

test.before(async (t) => {
  t.timeout(300_000, 'the first time, a Debian is made')
  pc = await startPc(join(temporaryFolder(), 'pc'))
})
test.after.always(() => pc?.scrap())

const must = async (script: string): Promise<string> => {
  const { code, stdout, stderr } = await pc.run(script)
  if (code !== 0) throw new Error(`${script}: ${stderr}`)
  return stdout.trim()
}

/** Makes the PC a master whose certificates last so long. */
async function crowned(validity: string): Promise<void> {
  await must(`rm -rf /etc/kubernetes ${MARKS} && mkdir -p /etc/kubernetes/manifests`)
  const configuration = [
    {
      apiVersion: 'kubeadm.k8s.io/v1beta4',
      kind: 'InitConfiguration',
      localAPIEndpoint: { advertiseAddress: '192.0.2.11', bindPort: 6443 },
      nodeRegistration: { name: 'pc-1' },
    },
    {
      apiVersion: 'kubeadm.k8s.io/v1beta4',
      kind: 'ClusterConfiguration',
      kubernetesVersion: await must('kubeadm version --output short'),
      // Nobody has that address, as while all PCs of a room are off.
      controlPlaneEndpoint: '192.0.2.100:6443',
      certificateValidityPeriod: validity,
    },
  ]
  pc.write('/root/kubeadm.yaml', configuration.map((one) => JSON.stringify(one)).join('\n---\n'))
  await must('kubeadm init phase certs all --config /root/kubeadm.yaml')
  await must('kubeadm init phase kubeconfig all --config /root/kubeadm.yaml')
  await must('kubeadm init phase etcd local --config /root/kubeadm.yaml')
}

/** The sums of all files that kubeadm made, by their paths. */
async function files(): Promise<ReadonlyMap<string, string>> {
  const sums = await must('cd /etc/kubernetes && find . -type f -exec sha256sum {} +')
  return new Map(sums.split('\n').map((line) => [line.slice(66), line.slice(0, 64)]))
}

/** Certificates with their keys: the same public key in both, and days until they end. */
const PAIRS = `cd /etc/kubernetes/pki && for crt in $(find . -name '*.crt' ! -name '*ca.crt'); do
  key=\${crt%.crt}.key
  a=$(openssl x509 -noout -pubkey -in $crt | sha256sum) b=$(openssl pkey -pubout -in $key | sha256sum)
  openssl x509 -noout -checkend $((360 * 86400)) -in $crt >/dev/null && lasts=yes || lasts=no
  [ "$a" = "$b" ] && echo "$crt fits $lasts" || echo "$crt differs $lasts"
done; for conf in admin super-admin controller-manager scheduler; do
  sed -n 's/^ *client-certificate-data: //p' ../$conf.conf | base64 -d |
    openssl x509 -noout -checkend $((360 * 86400)) >/dev/null && echo "$conf fits yes" || echo "$conf fits no"
done`

async function allAreGood(t: ExecutionContext, what?: string): Promise<void> {
  const pairs = (await must(PAIRS)).split('\n')
  t.is(pairs.length, 11, what)
  t.deepEqual(
    pairs.filter((line) => !line.endsWith(' fits yes')),
    [],
    what,
  )
  t.is(await must(`ls -A ${MARKS}`), '', what)
}

const UNTOUCHED = /(^|\/)(ca|front-proxy-ca|sa)\.|kubelet\.conf|manifests/

test.serial('certificates that are good for half a year and more are left alone', async (t) => {
  await crowned('4400h')
  const before = await files()
  const { code, reason } = await pc.crown(['renew-check'])
  t.is(code, 0)
  t.regex(reason, /good for 183 days/)
  t.deepEqual(await files(), before)
})

test.serial('those that end before are renewed, all of them, and no authority with them', async (t) => {
  await crowned('4300h')
  const before = await files()
  const { code, reason, stderr } = await pc.crown(['renew-check'])
  t.is(code, 0, stderr)
  t.regex(reason, /renewed, and good for 36[45] days/)
  await allAreGood(t)
  const after = await files()
  t.deepEqual([...after.keys()].sort(), [...before.keys()].sort())
  const same = [...after].filter(([path, sum]) => before.get(path) === sum).map(([path]) => path)
  t.true(same.length > 0)
  t.deepEqual(
    same.filter((path) => !UNTOUCHED.test(path)),
    [],
  )
  t.is([...after].filter(([path, sum]) => UNTOUCHED.test(path) && before.get(path) !== sum).length, 0)
})

test.serial('how long before they end is said in days, and in nothing else', async (t) => {
  await crowned('4400h')
  t.is((await pc.crown(['renew-check', '200'])).code, 0)
  await allAreGood(t)
  for (const days of ['x', '-1', '1.5']) t.is((await pc.crown(['renew-check', `'${days}'`])).code, 3, days)
})

const MOMENTS = {
  'before anything is written': 'true',
  'when the copy is there': `test -e ${MARKS}/renewing`,
  'in the middle of writing': 'openssl x509 -checkend 604800 -noout -in /etc/kubernetes/pki/apiserver.crt',
} as const

for (const [moment, until] of Object.entries(MOMENTS)) {
  test.serial(`power that goes ${moment} costs no certificate: the next time all are good`, async (t) => {
    await crowned('24h')
    await pc.run(
      `${CROWN.onPc} renew-check >/dev/null 2>&1 & until ${until} >/dev/null 2>&1; do sleep 0.01; done; kill -KILL $!`,
    )
    await pc.powerOff()
    await pc.powerOn()
    const between = pc.has(`${MARKS}/renewing`)
    t.is(between, moment !== 'before anything is written')
    // What was being written may be empty, or the new half of a pair.
    if (between) await must(': >/etc/kubernetes/pki/apiserver.crt; : >/etc/kubernetes/pki/etcd/peer.key')
    const { code, stderr } = await pc.crown(['renew-check'])
    t.is(code, 0, stderr)
    await allAreGood(t)
  })
}

test.serial('where the authority is kept elsewhere, it is said who must renew', async (t) => {
  await crowned('24h')
  await must('rm /etc/kubernetes/pki/ca.key')
  const before = await files()
  const { code, reason } = await pc.crown(['renew-check'])
  t.is(code, 3)
  t.regex(reason, /key of the authority is not here/)
  t.deepEqual(await files(), before)
})

test.serial('a worker has none of them', async (t) => {
  await must('rm -rf /etc/kubernetes/manifests/*')
  const { code, reason } = await pc.crown(['renew-check'])
  t.is(code, 0)
  t.regex(reason, /no master/)
})
