import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { parse } from 'yaml'
import { z } from 'zod'
import { NAMESPACES, WEBHOOK } from '../../config/names.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { type Flux, startFlux } from '../../lab/delivery/flux.ts'
import { renderWith } from '../../lab/manifests/render.ts'
import { ownLab } from '../harness/lab.ts'
import { becomes } from '../harness/wait.ts'

/** A lab of its own: Flux applies everything as Git says, and the shared one has a webhook that listens elsewhere. */
let lab: BareLab
let flux: Flux
let end: () => Promise<void>
const folder = join(mkdtempSync(join(tmpdir(), 'deskfleet-flux-')), 'dist')

const overlay = {
  delivery: { kind: 'flux' },
  storage: { kind: 'path', path: '/srv/deskfleet' },
  hosts: { address: '192.0.2.10/24' },
}
const revisionOf = (text: string): string => createHash('sha1').update(text).digest('hex')

const Kustomizations = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z
        .object({
          lastAppliedRevision: z.string().optional(),
          conditions: z
            .array(z.object({ type: z.string(), status: z.string(), message: z.string() }))
            .optional(),
        })
        .optional(),
    }),
  ),
})

/** The Kustomizations that are not Ready at that revision, each with its complaint; `all` when there is none. */
const applied = (revision: string) => async (): Promise<string> => {
  const { stdout } = await lab.run(['get', 'kustomizations', '-n', 'flux-system', '-o', 'json'])
  const waiting = Kustomizations.parse(JSON.parse(stdout)).items.filter(
    ({ status }) =>
      status?.lastAppliedRevision !== `main@sha1:${revision}` ||
      status.conditions?.find(({ type }) => type === 'Ready')?.status !== 'True',
  )
  const told = waiting.map(
    ({ metadata, status }) => `${metadata.name}: ${status?.conditions?.[0]?.message ?? ''}`,
  )
  return told.join('; ') || 'all'
}

const get = async (...what: string[]): Promise<string> =>
  (await lab.run(['get', ...what, '--ignore-not-found', '-o', 'name'])).stdout.trim()

async function publish(settings: object, name: string): Promise<string> {
  renderWith(JSON.stringify({ ...overlay, ...settings }), folder)
  await flux.publish(folder, revisionOf(name))
  return revisionOf(name)
}

test.before(async (t) => {
  t.timeout(600_000)
  const made = await ownLab()
  lab = made.lab
  end = made.end
  flux = await startFlux(lab, t.log)
  renderWith(JSON.stringify(overlay), folder)
  const handed = await lab.run(['apply', '--server-side', '-f', join(folder, 'delivery')])
  if (handed.code !== 0) throw new Error(handed.stderr)
})

test.after.always(async () => {
  await flux?.end()
  await end?.()
  rmSync(join(folder, '..'), { recursive: true, force: true })
})

test.serial('the real kustomize-controller brings every object of every app', async (t) => {
  const revision = await publish({}, 'first')
  t.log(
    `all applied after ${(await becomes('what is applied', applied(revision), 'all', { seconds: 120 })).toFixed(0)} s`,
  )
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
  t.true(files.length > 80)
  for (const file of files) {
    const { kind, metadata } = parse(readFileSync(join(file.parentPath, file.name), 'utf8'))
    const where = metadata.namespace === undefined ? [] : ['-n', metadata.namespace]
    t.not(await get(kind, metadata.name, ...where), '', file.name)
  }
})

test.serial('a caBundle that its owner set stays, and a hand edit is undone at the next look', async (t) => {
  const what = ['mutatingwebhookconfiguration', WEBHOOK.configuration]
  const authority = (
    await lab.run([
      'get',
      'configmap',
      'kube-root-ca.crt',
      '-n',
      'default',
      '-o',
      'jsonpath={.data.ca\\.crt}',
    ])
  ).stdout
  const value = Buffer.from(authority).toString('base64')
  const owned = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: WEBHOOK.configuration },
    webhooks: [{ name: WEBHOOK.webhook, clientConfig: { caBundle: value } }],
  }
  const set = await lab.run(['apply', '--server-side', '--field-manager=owner', '-f', '-'], {
    input: JSON.stringify(owned),
  })
  t.is(set.code, 0, set.stderr)
  await lab.run([
    'patch',
    ...what,
    '--type=json',
    '-p',
    '[{"op":"replace","path":"/webhooks/0/timeoutSeconds","value":9}]',
  ])
  const now = new Date().toISOString()
  await lab.run([
    'annotate',
    'kustomization',
    'webhook',
    '-n',
    'flux-system',
    '--overwrite',
    `reconcile.fluxcd.io/requestedAt=${now}`,
  ])
  const field = (path: string) => async (): Promise<string> =>
    (await lab.run(['get', ...what, '-o', `jsonpath={.webhooks[0].${path}}`])).stdout
  await becomes('timeoutSeconds', field('timeoutSeconds'), '2', { seconds: 60 })
  t.is(await field('clientConfig.caBundle')(), value)
})

test.serial('an app leaves the list: its programs are pruned, and what holds data is not', async (t) => {
  await lab.run(['create', 'configmap', 'made-by-a-person', '-n', NAMESPACES.door])
  const revision = await publish({ hosts: undefined }, 'without a door')
  await becomes('the Kustomization door', () => get('kustomization', 'door', '-n', 'flux-system'), '', {
    seconds: 120,
  })
  await becomes('the DaemonSet door', () => get('daemonset', 'door', '-n', NAMESPACES.door), '', {
    seconds: 60,
  })
  await becomes('what is applied', applied(revision), 'all', { seconds: 60 })
  t.not(await get('namespace', NAMESPACES.door), '')
  t.not(await get('configmap', 'made-by-a-person', '-n', NAMESPACES.door), '')

  // Files of namespaces and of LDAP vanish from Git altogether.
  for (const name of [
    'namespaces/Namespace.desktops.yaml',
    'directory/StatefulSet.deskfleet-directory.ldap.yaml',
    'directory/Service.deskfleet-directory.ldap.yaml',
  ])
    rmSync(join(folder, name))
  await flux.publish(folder, revisionOf('files vanish'))
  await becomes('what is applied', applied(revisionOf('files vanish')), 'all', { seconds: 120 })
  t.is(await get('service', 'ldap', '-n', NAMESPACES.directory), '', 'what holds no data goes')
  t.not(await get('namespace', NAMESPACES.desktops), '')
  t.not(await get('statefulset', 'ldap', '-n', NAMESPACES.directory), '')
})
