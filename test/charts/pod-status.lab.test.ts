import test from 'ava'
import { DESKTOPS } from '../../config/labels.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { fresh, must, sharedLab } from '../harness/lab.ts'

/** The gateway finds a desktop by the address in its pod's status. */

let lab: BareLab
const namespace = fresh()
const POD = 'one'

test.before(async () => {
  lab = await sharedLab()
  await must(lab, ['create', 'namespace', namespace])
  const metadata = { name: 'default', namespace }
  await lab.run(['create', '-f', '-'], {
    input: JSON.stringify({ apiVersion: 'v1', kind: 'ServiceAccount', metadata }),
  })
  const spec = { containers: [{ name: POD, image: 'registry.room.example.org/one:1' }] }
  await must(lab, ['create', '-n', namespace, '-f', '-'], {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: POD } },
    spec,
  })
  // A pod of nobody would be refused in a namespace that is one of desktops already.
  await must(lab, ['label', 'namespace', namespace, `${DESKTOPS}=true`])
})
test.after.always(() => lab?.run(['delete', 'namespace', namespace, '--wait=false']))

const forge = (kubeconfig: string) =>
  lab.run(
    [
      ...['patch', 'pod', POD, '-n', namespace, '--subresource=status', '--type=merge'],
      ...['-p', JSON.stringify({ status: { podIP: '10.0.0.66', podIPs: [{ ip: '10.0.0.66' }] } })],
    ],
    { kubeconfig },
  )

test.serial('nobody writes the status of a desktop’s pod, whatever their rights', async (t) => {
  for (const user of ['eve', 'system:node:', 'system:serviceaccount:desktops:default']) {
    const tried = await forge(await lab.actAsUser(user, ['system:masters']))
    t.not(tried.code, 0, user)
    t.regex(tried.stderr, /may not write the status of a desktop’s pod/)
  }
  const pod = JSON.parse(await must(lab, ['get', 'pod', POD, '-n', namespace, '-o', 'json']))
  t.is(pod.status.podIP, undefined)
})

test.serial('the scheduler and the controllers do', async (t) => {
  for (const user of ['system:kube-controller-manager', 'system:kube-scheduler']) {
    const tried = await forge(await lab.actAsUser(user, ['system:masters']))
    t.is(tried.code, 0, tried.stderr)
  }
})
