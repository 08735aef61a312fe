import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'ava'
import { GROUP, PASSWD } from '../../config/labels.ts'
import { IDENTITIES_CONFIG_MAP, NAMESPACES, WEBHOOK } from '../../config/names.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { LDAP_PROCESS, startLdap } from '../../lab/bare/ldap.ts'
import { openPlatform } from '../../lab/bare/platform.ts'
import { applyFolder } from '../../lab/manifests/apply.ts'
import { renderWith } from '../../lab/manifests/render.ts'
import { must, sharedLab } from '../harness/lab.ts'
import { deskfleet, plainPod, published, tryPod, tryPodUntilTaken } from '../harness/platform.ts'
import { eventually, secondsOf } from '../harness/wait.ts'

/** The main job on real parts: from `cluster.yaml` and LDAP to a pod that is somebody's; and what breaks on the way. */

let lab: BareLab
const webhookConfiguration = `mutatingwebhookconfiguration/${WEBHOOK.configuration}`

test.before(async () => {
  lab = await sharedLab()
  for (const login of ['mary', 'max']) {
    const added = await deskfleet(lab, 'people', 'add', login, '--name', 'Test Person')
    if (added.code !== 0) throw new Error(added.stderr)
    await published(lab, login)
  }
})

for (const kind of ['argo', 'flux']) {
  test.serial(
    `the API server takes every object of dist/ as rendered for ${kind}, without a warning`,
    async (t) => {
      const folder = `${lab.dir}/${kind}`
      renderWith(JSON.stringify({ delivery: { kind } }), folder)
      const { code, stdout, stderr } = await lab.run([
        'apply',
        '--server-side',
        '--force-conflicts',
        '--dry-run=server',
        '--field-manager=deskfleet-lab',
        '-R',
        '-f',
        folder,
      ])
      t.is(stderr, '')
      t.is(code, 0)
      t.true(stdout.split('\n').length > 60)
    },
  )
}

test.serial('the API server would say it if an object were wrong', async (t) => {
  const wrong = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: 'x', namespace: 'argocd' },
    spec: { project: 1 },
  }
  const { code } = await lab.run(['apply', '--server-side', '--dry-run=server', '-f', '-'], {
    input: JSON.stringify(wrong),
  })
  t.not(code, 0)
})

test.serial('a plain pod becomes its person’s: identity, home, shared folder, files', async (t) => {
  const made = JSON.parse(await must(lab, ['create', '-o', 'json', '-f', '-'], plainPod('mary', 'mary')))
  const identity = JSON.parse(await must(lab, ['get', 'identity', 'mary', '-o', 'json']))
  const { uid, gid } = identity.spec
  t.true(uid >= 10000)
  t.like(made.spec.securityContext, {
    runAsUser: uid,
    runAsGroup: gid,
    runAsNonRoot: true,
    supplementalGroupsPolicy: 'Strict',
  })
  t.false('fsGroup' in made.spec.securityContext)
  t.deepEqual(
    made.spec.volumes.map(
      (volume: { persistentVolumeClaim?: { claimName: string } }) => volume.persistentVolumeClaim?.claimName,
    ),
    ['home-mary', 'shared', undefined],
  )
  t.deepEqual(
    made.spec.containers[0].volumeMounts.map((mount: { mountPath: string }) => mount.mountPath),
    ['/home', '/mnt', '/etc/passwd', '/etc/group'],
  )
  t.regex(made.metadata.annotations[PASSWD], new RegExp(`^mary:x:${uid}:${gid}:mary:/home/mary:`, 'm'))
  t.regex(made.metadata.annotations[GROUP], /^people:x:\d+:mary$/m)
  await must(lab, ['delete', 'pod', 'mary', '-n', NAMESPACES.desktops, '--now'])
})

test.serial('a pod made by a Deployment becomes its person’s too', async (t) => {
  const { metadata, spec } = plainPod('mary')
  const labels = { ...metadata.labels, app: 'x' }
  await must(lab, ['create', '-f', '-'], {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'mary', namespace: NAMESPACES.desktops },
    spec: { selector: { matchLabels: { app: 'x' } }, template: { metadata: { labels }, spec } },
  })
  const uidOf = 'jsonpath={.items[0].spec.securityContext.runAsUser}'
  await eventually('the Deployment makes a pod', async () => {
    const { stdout } = await lab.run(['get', 'pods', '-n', NAMESPACES.desktops, '-l', 'app=x', '-o', uidOf])
    return Number(stdout) >= 10000
  })
  await must(lab, [
    'delete',
    'deployment',
    'mary',
    '-n',
    NAMESPACES.desktops,
    '--now',
    '--cascade=foreground',
  ])
  t.pass()
})

test.serial('a pod for somebody unknown is refused, with what to do', async (t) => {
  const { code, stderr } = await tryPod(lab, 'mallory')
  t.not(code, 0)
  t.regex(stderr, /"mallory" is known to the cluster yet .*npx deskfleet people show/s)
})

test.serial('a pod that wants to be somebody else is refused, with the path and the mend', async (t) => {
  const { metadata, spec } = plainPod('mary')
  const wanting = { ...plainPod('mary'), metadata, spec: { ...spec, securityContext: { runAsUser: 10001 } } }
  const max = JSON.parse(await must(lab, ['get', 'identity', 'max', '-o', 'json']))
  wanting.spec.securityContext.runAsUser = max.spec.uid
  const { code, stderr } = await lab.run(['create', '--dry-run=server', '-f', '-'], {
    input: JSON.stringify(wanting),
  })
  t.not(code, 0)
  t.regex(stderr, /spec\.securityContext\.runAsUser/)
})

test.serial('a group of a person reaches their next pod', async (t) => {
  const added = await deskfleet(lab, 'groups', 'add', 'designers')
  t.is(added.code, 0, added.stderr)
  const members = await deskfleet(lab, 'groups', 'members', 'designers', '--add', 'mary')
  t.is(members.code, 0, members.stderr)
  await eventually('the group is in the pod', async () => {
    const { stdout } = await tryPod(lab, 'mary')
    return stdout !== '' && JSON.parse(stdout).spec.securityContext.supplementalGroups?.length === 1
  })
  t.pass()
})

test.serial(
  'LDAP dies: everybody who is known gets pods, and a new person comes when it is back',
  async (t) => {
    const { ldap } = lab
    if (ldap === undefined) return t.fail('the lab has LDAP')
    await lab.stop(LDAP_PROCESS, 'SIGKILL')
    for (let count = 0; count < 20; count++) {
      const { code, stderr } = await tryPod(lab, count % 2 === 0 ? 'mary' : 'max')
      t.is(code, 0, stderr)
    }
    t.not((await tryPod(lab, 'mallory')).code, 0)
    const failed = await deskfleet(lab, 'people', 'list')
    t.not(failed.code, 0)
    t.notRegex(failed.stderr, /at .*\.ts:/)
    await startLdap(lab, { baseDN: ldap.baseDN })
    const added = await deskfleet(lab, 'people', 'add', 'late', '--name', 'Late Comer')
    t.is(added.code, 0, added.stderr)
    await published(lab, 'late')
    const { code, stderr } = await tryPodUntilTaken(lab, 'late')
    t.is(code, 0, stderr)
    return undefined
  },
)

test.serial('the webhook dies: no pod gets in, and each says so; it is back: pods get in', async (t) => {
  const platform = openPlatform(lab)
  await platform.stop('webhook', 'SIGKILL')
  for (let count = 0; count < 5; count++) {
    const { code, stderr } = await tryPod(lab, 'mary')
    t.not(code, 0)
    t.regex(stderr, /failed calling webhook "identity\.deskfleet\.io"/)
  }
  await platform.start('webhook')
  const { code, stderr } = await tryPodUntilTaken(lab, 'mary')
  t.is(code, 0, stderr)
})

test.serial(
  'the webhook is switched off: the API server itself refuses a pod without its identity',
  async (t) => {
    await must(lab, ['delete', webhookConfiguration])
    await eventually('the pod comes past the webhook', async () => {
      const { code, stderr } = await tryPod(lab, 'mary')
      t.not(code, 0, 'a pod without identity got in')
      return /deskfleet-identity-carried.*must have runAsUser|PodSecurity/s.test(stderr)
    })
    const platform = openPlatform(lab)
    t.deepEqual(
      await applyFolder(lab, `${platform.dist}/webhook`, { webhookUrl: webhookUrl(platform.dist) }),
      [],
    )
    const took = await secondsOf(() =>
      eventually(
        'the webhook publishes its certificate again, by itself',
        async () => (await tryPod(lab, 'mary')).code === 0,
      ),
    )
    t.log(`open again after ${took.toFixed(1)} s`)
  },
)

test.serial('whoever strips the certificate of the webhook, its owner puts it back', async (t) => {
  await must(lab, [
    'patch',
    webhookConfiguration,
    '--type=json',
    '-p',
    '[{"op":"remove","path":"/webhooks/0/clientConfig/caBundle"}]',
  ])
  await eventually('caBundle is back', async () => {
    const { stdout } = await lab.run([
      'get',
      webhookConfiguration,
      '-o',
      'jsonpath={.webhooks[0].clientConfig.caBundle}',
    ])
    return stdout !== ''
  })
  const { code, stderr } = await tryPodUntilTaken(lab, 'mary')
  t.is(code, 0, stderr)
})

test.serial('applying dist/ again takes nothing from its owners', async (t) => {
  const { dist } = openPlatform(lab)
  const path = 'jsonpath={.webhooks[0].clientConfig.caBundle}'
  const before = await must(lab, ['get', webhookConfiguration, '-o', path])
  t.deepEqual(await applyFolder(lab, dist, { webhookUrl: webhookUrl(dist) }), [])
  t.is(await must(lab, ['get', webhookConfiguration, '-o', path]), before)
  t.is((await tryPod(lab, 'mary')).code, 0)
})

test.serial('what somebody wrote into the ConfigMap of identities is put right', async (t) => {
  const map = ['configmap', IDENTITIES_CONFIG_MAP, '-n', NAMESPACES.system]
  await must(lab, ['patch', ...map, '--type=merge', '-p', '{"data":{"mallory":"0|0||root"}}'])
  await eventually(
    'mallory is gone',
    async () => !(await must(lab, ['get', ...map, '-o', 'json'])).includes('mallory'),
    { seconds: 75 },
  )
  t.pass()
})

test.serial('the programs may do what they need, and no more', async (t) => {
  const may = async (account: string, ...what: string[]) =>
    (
      await lab.run([
        'auth',
        'can-i',
        ...what,
        '--as',
        `system:serviceaccount:${NAMESPACES.system}:${account}`,
      ])
    ).stdout.trim()
  t.is(await may('webhook', 'list', 'identities.deskfleet.io'), 'yes')
  for (const account of ['webhook', 'identity-sync']) {
    for (const what of [
      ['get', 'secrets', '-n', NAMESPACES.directory],
      ['list', 'secrets', '-n', NAMESPACES.system],
      ['create', 'pods', '-n', NAMESPACES.desktops],
      ['claim', 'identities.deskfleet.io/mary'],
      ['patch', 'mutatingwebhookconfigurations/other'],
      ['create', 'clusterrolebindings'],
    ]) {
      t.is(await may(account, ...what), 'no', `${account} ${what.join(' ')}`)
    }
  }
  t.is(await may('webhook', 'create', 'identities.deskfleet.io'), 'no')
})

/** The loopback URL of the running webhook, as the lab's copy of the configuration has it. */
function webhookUrl(dist: string): string {
  const { webhook } = JSON.parse(readFileSync(join(dirname(dist), 'platform.json'), 'utf8'))
  return `https://127.0.0.1:${webhook}${WEBHOOK.path}`
}
