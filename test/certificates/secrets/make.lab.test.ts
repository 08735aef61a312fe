import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { CoreV1Api } from '@kubernetes/client-node'
import test from 'ava'
import { decide } from '../../../certificates/secrets/decide.ts'
import type { Observed } from '../../../certificates/secrets/facts.ts'
import { observe } from '../../../certificates/secrets/observe.ts'
import { NAMESPACES } from '../../../config/names.ts'
import { applyFolder } from '../../../lab/manifests/apply.ts'
import { type OwnLab, ownLab } from '../../harness/lab.ts'
import { eventually } from '../../harness/wait.ts'

/** An own lab: the shared one has the passwords of its own slapd at these very places. */
let lab: OwnLab
let api: CoreV1Api
let kubeconfig: string
const root = join(import.meta.dirname, '..', '..', '..')

test.before(async () => {
  lab = await ownLab()
  api = lab.kubeConfig.makeApiClient(CoreV1Api)
  for (const app of ['namespaces', 'secrets']) {
    const complaints = await applyFolder(lab.lab, join(root, 'dist', app))
    if (complaints.length > 0) throw new Error(complaints.join('\n'))
  }
  kubeconfig = await lab.lab.actAs(NAMESPACES.system, 'make-secrets')
})
test.after.always(() => lab?.end())

/** The program as the Job runs it: under its ServiceAccount, with the rights of `dist/`. */
function start(account = kubeconfig) {
  const child = spawn(process.execPath, [join(root, 'certificates/secrets/main.ts')], {
    env: { PATH: process.env.PATH, KUBECONFIG: account },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, output }))
  return { child, ended, output: () => output }
}

const valuesOf = (observed: Observed): string[] =>
  Object.entries(observed).flatMap(([, data]) => Object.values(data))

test.serial(
  'in an empty cluster everything is made, a second run changes nothing, and no secret is logged',
  async (t) => {
    const first = await start().ended
    t.is(first.code, 0, first.output)
    const made = await observe(api)
    t.is(Object.keys(made).length, 8)
    t.deepEqual(decide(made), { create: [], faults: [] })
    const second = await start().ended
    t.is(second.code, 0, second.output)
    t.deepEqual(await observe(api), made)
    for (const value of valuesOf(made)) {
      t.false((first.output + second.output).includes(value.trim().split('\n')[1] ?? value))
    }
  },
)

test.serial('what is removed comes back, and what is left is not touched', async (t) => {
  const before = await observe(api)
  await api.deleteNamespacedSecret({ namespace: NAMESPACES.system, name: 'ldap-reader' })
  await api.deleteNamespacedSecret({ namespace: NAMESPACES.directory, name: 'ldap-admin' })
  t.is((await start().ended).code, 0)
  const { adminPassword, ...rest } = await observe(api)
  const { adminPassword: old, ...restBefore } = before
  t.deepEqual(rest, restBefore)
  t.not(adminPassword?.password, old?.password)
  t.true((adminPassword?.password ?? '').length >= 32)
})

test.serial('a copy that differs is told with its mend, and stays', async (t) => {
  const place = { namespace: NAMESPACES.system, name: 'ldap-reader' }
  await api.deleteNamespacedSecret(place)
  const body = { metadata: place, stringData: { password: 'somebody-elses' } }
  await api.createNamespacedSecret({ namespace: place.namespace, body })
  const { code, output } = await start().ended
  t.is(code, 1)
  t.regex(output, /it differs from deskfleet-directory\/ldap-reader/)
  t.regex(output, /kubectl -n deskfleet-system delete secret ldap-reader/)
  t.false(output.includes('somebody-elses'))
  t.is((await observe(api)).readerPasswordCopy?.password, 'somebody-elses')
  await api.deleteNamespacedSecret(place)
})

test.serial('a run killed half-way and two runs at once end with one complete set', async (t) => {
  const places = [
    ...['gateway-sessions', 'ldap-reader'].map((name) => ({ namespace: NAMESPACES.system, name })),
    ...['ldap-admin', 'ldap-reader', 'ldap-replica'].map((name) => ({
      namespace: NAMESPACES.directory,
      name,
    })),
  ]
  for (const place of places) await api.deleteNamespacedSecret(place).catch(() => {})
  const killed = start()
  await eventually('a first Secret', async () => (await observe(api)).adminPassword, { every: 5 })
  killed.child.kill('SIGKILL')
  await killed.ended
  const left = await observe(api)
  const [one, other] = await Promise.all([start().ended, start().ended])
  t.is(one.code, 0, one.output)
  t.is(other.code, 0, other.output)
  const now = await observe(api)
  t.deepEqual(decide(now), { create: [], faults: [] })
  t.deepEqual({ ...now, ...left }, now, 'what the killed one had made is still that')
})

test.serial('without its rights it waits and says why, and works as soon as it has them', async (t) => {
  const binding = ['rolebinding', 'make-secrets', '-n', NAMESPACES.directory]
  const saved = (await lab.lab.run(['get', ...binding, '-o', 'json'])).stdout
  await lab.lab.run(['delete', ...binding])
  await api.deleteNamespacedSecret({ namespace: NAMESPACES.directory, name: 'ldap-admin' })
  const waiting = start()
  await eventually('it tries again', () => waiting.output().includes('trying again'))
  t.regex(waiting.output(), /answered 403/)
  await lab.lab.run(['apply', '-f', '-'], { input: saved })
  t.is((await waiting.ended).code, 0)
  t.truthy((await observe(api)).adminPassword)
})
