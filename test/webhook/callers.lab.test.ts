import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import { AdmissionregistrationV1Api, CoreV1Api, KubeConfig } from '@kubernetes/client-node'
import test from 'ava'
import { AUTHORITY, NAMESPACES, WEBHOOK } from '../../config/names.ts'
import { addPerson } from '../../directory/people.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { administrator, sharedLab } from '../harness/lab.ts'
import { published, tryPodUntilTaken } from '../harness/platform.ts'
import { directoryOf } from '../harness/slapd.ts'

/** Who else than the API server may ask the webhook who somebody is: nobody. */

const LOGIN = 'ask-ada'
let lab: BareLab
let url: URL
let ca: string
test.before(async () => {
  lab = await sharedLab()
  if (!lab.ldap) throw new Error('the lab has no LDAP')
  const directory = directoryOf(lab.ldap, 'admin')
  const person = {
    login: LOGIN,
    name: LOGIN,
    groups: [],
    shell: '/bin/bash',
    password: 'correct horse battery',
  }
  await addPerson(directory, person).finally(directory.close)
  await published(lab, LOGIN)
  const api = administrator(lab).makeApiClient(AdmissionregistrationV1Api)
  const { webhooks } = await api.readMutatingWebhookConfiguration({ name: WEBHOOK.configuration })
  url = new URL(webhooks?.[0]?.clientConfig.url ?? '')
  ca = Buffer.from(webhooks?.[0]?.clientConfig.caBundle ?? '', 'base64').toString()
})

const review = JSON.stringify({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: '1',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    resource: { group: '', version: 'v1', resource: 'pods' },
    namespace: NAMESPACES.desktops,
    operation: 'CREATE',
    userInfo: {},
    object: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'x', labels: { 'deskfleet.io/person': LOGIN } },
      spec: { containers: [{ name: 'c', image: 'x:1' }] },
    },
  },
})

interface Shown {
  readonly cert?: string
  readonly key?: string
}

/** What the webhook tells a caller who shows that. */
const ask = (shown: Shown = {}): Promise<string> =>
  new Promise((done) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(review) }
    const { hostname, port, pathname } = url
    const asked = request(
      { host: hostname, port, path: pathname, method: 'POST', ca, headers, agent: false, ...shown },
      (answer) => void text(answer).then((said) => done(`${answer.statusCode} ${said}`)),
    )
    asked.once('error', (error) => done(error.message))
    asked.end(review)
  })

/** The certificate by which somebody with a kubeconfig calls the API server. */
async function ofUser(user: string): Promise<Shown> {
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromFile(await lab.actAsUser(user))
  const { certData = '', keyData = '' } = kubeConfig.getCurrentUser() ?? {}
  return {
    cert: Buffer.from(certData, 'base64').toString(),
    key: Buffer.from(keyData, 'base64').toString(),
  }
}

test('a pod that asks, and whoever has a certificate of the cluster, is told nothing; the API server is', async (t) => {
  const core = administrator(lab).makeApiClient(CoreV1Api)
  t.notRegex(await ask(), /runAsUser|patch|^200/, 'nothing is shown')
  for (const user of [LOGIN, 'system:node:pc-1', 'kube-apiserver', 'kube-apiserver-webhooks-2'])
    t.regex(await ask(await ofUser(user)), /^403 .*only kube-apiserver-webhooks is served/, user)
  for (const name of [AUTHORITY.callerSecret, AUTHORITY.webhookSecret]) {
    const { data = {} } = await core.readNamespacedSecret({ namespace: NAMESPACES.system, name })
    const [cert = '', key = ''] = ['tls.crt', 'tls.key'].map((item) =>
      Buffer.from(data[item] ?? '', 'base64').toString(),
    )
    t.notRegex(await ask({ cert, key }), /runAsUser|patch|^200/, name)
  }
  const pki = (part: string) => readFileSync(`${lab.dir}/pki/apiserver-webhooks.${part}`, 'utf8')
  t.regex(await ask({ cert: pki('crt'), key: pki('key') }), /^200 .*"patch"/, 'the twin')
  const { code, stderr } = await tryPodUntilTaken(lab, LOGIN)
  t.is(code, 0, stderr)
})
