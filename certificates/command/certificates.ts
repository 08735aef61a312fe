import { X509Certificate as NodeCertificate } from 'node:crypto'
import { CoreV1Api, PatchStrategy, setHeaderOptions, type V1Secret } from '@kubernetes/client-node'
import { Argument, type Command } from 'commander'
import { z } from 'zod'
import { type ClusterOptions, openCluster, readOf, withCluster } from '../../cli/cluster.ts'
import { type DryRunOptions, type OutputOptions, withDryRun, withOutput } from '../../cli/options.ts'
import { print, printOne } from '../../cli/output.ts'
import { examplesText } from '../../cli/run.ts'
import type { Terminal } from '../../cli/terminal.ts'
import { unless } from '../../cluster/answer.ts'
import { ROTATE, ROTATION } from '../../config/labels.ts'
import { AUTHORITY, GLUSTER, LDAP, NAMESPACES, ROOT_STEPS } from '../../config/names.ts'

const { system, directory } = NAMESPACES
type RootStep = keyof typeof ROOT_STEPS

/** What can be made anew by command, and the Secret that says so. */
const AUTHORITIES = { inside: AUTHORITY.secret, door: AUTHORITY.doorSecret } as const
type Which = keyof typeof AUTHORITIES

/** Every certificate, by where it is kept: the Secret and the item of it. */
const KEPT = [
  ['authority inside', system, AUTHORITY.secret, 'tls.crt'],
  ['authority inside, next', system, AUTHORITY.secret, 'next.crt'],
  ['authority inside, former', system, AUTHORITY.secret, 'former.crt'],
  ['webhook', system, AUTHORITY.webhookSecret, 'tls.crt'],
  ['gateway, to desktops', system, AUTHORITY.callerSecret, 'tls.crt'],
  ['slapd', directory, LDAP.tlsSecret, 'tls.crt'],
  ['authority of the Gluster pool', system, GLUSTER.authority, 'tls.crt'],
  ['root of the door', system, AUTHORITY.doorRootSecret, 'tls.crt'],
  ['root of the door, next', system, AUTHORITY.doorRootSecret, 'next.crt'],
  ['authority of the door', system, AUTHORITY.doorSecret, 'tls.crt'],
  ['door', system, AUTHORITY.gatewaySecret, 'tls.crt'],
  ['services', system, AUTHORITY.ingressSecret, 'tls.crt'],
] as const

/** `deskfleet certificates …` */
export function addCertificateCommands(program: Command, terminal: Terminal): void {
  const certificates = program.command('certificates').description('what the room’s programs are known by')
  withOutput(withCluster(certificates.command('status'), 'certificates'))
    .description('when each certificate ends, and how far the authority inside is with giving way to another')
    .addHelpText(
      'after',
      examplesText(['deskfleet certificates status', 'deskfleet certificates status -o json']),
    )
    .action((options: ClusterOptions & OutputOptions) => status(terminal, options))
  withDryRun(withCluster(certificates.command('rotate'), 'certificates'))
    .addArgument(new Argument('<authority>', 'which one').choices(Object.keys(AUTHORITIES)))
    .description(
      'have another authority take over: the one inside with an overlap, or the one that signs for the door',
    )
    .addHelpText(
      'after',
      examplesText(['deskfleet certificates rotate inside --dry-run', 'deskfleet certificates rotate door']),
    )
    .action((which: Which, options: ClusterOptions & DryRunOptions) => rotate(terminal, which, options))
  withDryRun(withCluster(certificates.command('root'), 'certificates'))
    .addArgument(
      new Argument('<step>', 'make the next one, or let it take over').choices(Object.keys(ROOT_STEPS)),
    )
    .description(
      'change the root that people’s machines trust: they are given the next one before it takes over',
    )
    .addHelpText(
      'after',
      examplesText(['deskfleet certificates root prepare', 'deskfleet certificates root switch']),
    )
    .action((step: RootStep, options: ClusterOptions & DryRunOptions) => changeRoot(terminal, step, options))
}

const ADVICE = 'are you the administrator of this cluster, and does certificate-keeper run?'

const Said = z.object({ phase: z.string(), since: z.string(), waitsFor: z.array(z.string()) })

async function status(
  terminal: Terminal,
  { kubeconfig, output }: ClusterOptions & OutputOptions,
): Promise<void> {
  const core = openCluster(kubeconfig).makeApiClient(CoreV1Api)
  const issuer = await issuerInside(core)
  const secrets = new Map<string, V1Secret | undefined>()
  for (const [, namespace, name] of KEPT)
    if (!secrets.has(name))
      secrets.set(name, await unless(404, () => core.readNamespacedSecret({ namespace, name })))
  const rows = KEPT.flatMap(([certificate, , name, item]) => {
    const pem = Buffer.from(secrets.get(name)?.data?.[item] ?? '', 'base64').toString('utf8')
    return pem === '' ? [] : [{ certificate, ...lifeOf(pem), kept: name }]
  })
  const asked = Object.values(AUTHORITIES).filter(
    (name) => secrets.get(name)?.metadata?.annotations?.[ROTATE] !== undefined,
  )
  const rotation =
    issuer === undefined
      ? { ...(await rotationSaid(core)), askedFor: asked }
      : { rotation: `by cert-manager, ${issuer}`, since: undefined, waitsFor: [], askedFor: asked }
  if (output !== 'table') {
    terminal.stdout.write(printOne({ ...rotation, certificates: rows }, output))
    return
  }
  terminal.stdout.write(`${printOne({ ...rotation, waitsFor: rotation.waitsFor.join('; ') }, output)}\n`)
  terminal.stdout.write(print(rows, output, 'there is no certificate yet', terminal.stdout.columns))
}

/** What the keeper says of the authority inside. */
async function rotationSaid(core: CoreV1Api) {
  const told = await readOf(
    `ConfigMap ${system}/${AUTHORITY.configMap}`,
    () => core.readNamespacedConfigMap({ namespace: system, name: AUTHORITY.configMap }),
    ADVICE,
  )
  const said = Said.safeParse(jsonOf(told.metadata?.annotations?.[ROTATION]))
  return said.success
    ? { rotation: said.data.phase, since: said.data.since, waitsFor: said.data.waitsFor }
    : { rotation: 'unknown', since: undefined, waitsFor: [] }
}

const ISSUER_NAME = 'cert-manager.io/issuer-name'
const ISSUER_KIND = 'cert-manager.io/issuer-kind'

/** Who vouches inside by way of cert-manager, as that notes on what it lays down; undefined where our keeper does. */
async function issuerInside(core: CoreV1Api): Promise<string | undefined> {
  const place = { namespace: system, name: AUTHORITY.webhookSecret }
  const annotations = await readOf(
    `Secret ${system}/${place.name}`,
    async () => (await unless(404, () => core.readNamespacedSecret(place)))?.metadata?.annotations ?? {},
    ADVICE,
  )
  const { [ISSUER_KIND]: kind = 'Issuer', [ISSUER_NAME]: name } = annotations
  return name === undefined ? undefined : `${kind} ${name}`
}

/** What a certificate says of its own time, in whole days. */
function lifeOf(pem: string): { ends: string; daysLeft: number } {
  const { validToDate } = new NodeCertificate(pem)
  const daysLeft = Math.floor((validToDate.getTime() - Date.now()) / (24 * 60 * 60 * 1_000))
  return { ends: validToDate.toISOString().slice(0, 10), daysLeft }
}

function jsonOf(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What comes of it, in the order in which it comes. */
const STEPS: Readonly<Record<Which, readonly string[]>> = {
  inside: [
    'publish: a new authority is told beside the one that signs, to the webhook’s configuration, slapd and desktops',
    'soak: once all of them are seen to hold both, ten minutes pass',
    'switch: the new one signs; the certificates of webhook, slapd and gateway are made anew',
    'retire: once nobody shows a certificate of the former one, ten more minutes pass; then it is trusted no more',
  ],
  door: [
    'the root, which people’s machines trust, makes another authority; the door’s certificate is made anew and shown with it',
  ],
}

async function rotate(
  terminal: Terminal,
  which: Which,
  { kubeconfig, dryRun }: ClusterOptions & DryRunOptions,
): Promise<void> {
  const core = openCluster(kubeconfig).makeApiClient(CoreV1Api)
  const issuer = which === 'inside' ? await issuerInside(core) : undefined
  if (issuer !== undefined)
    throw new Error(
      `the authority inside is the ${issuer} of cert-manager: change it there (docs/secrets.md, "cert-manager inside")`,
    )
  const secret = await unasked(core, AUTHORITIES[which])
  if (secret.data?.['next.crt'] !== undefined || secret.data?.['former.crt'] !== undefined)
    throw new Error(
      'another authority takes over already: see "deskfleet certificates status" for what it waits for',
    )
  if (dryRun) {
    for (const [number, step] of STEPS[which].entries()) terminal.stdout.write(`${number + 1}. ${step}\n`)
    return
  }
  await ask(core, secret, new Date().toISOString())
  terminal.stdout.write('asked for; "deskfleet certificates status" shows how far it is\n')
}

const ROOT_SAYS: Readonly<Record<RootStep, string>> = {
  prepare: `the next root is made, for the room’s names of now. Give it to every machine, beside the one they have:
  kubectl -n ${system} get configmap ${AUTHORITY.doorRootConfigMap} -o jsonpath='{.data.next\\.crt}' >room-ca-next.crt
then "deskfleet certificates root switch"
`,
  switch: `the door is vouched for by the next root. A machine without it is warned by its browser; the former root may be
taken off the machines
`,
}

async function changeRoot(
  terminal: Terminal,
  step: RootStep,
  { kubeconfig, dryRun }: ClusterOptions & DryRunOptions,
): Promise<void> {
  const core = openCluster(kubeconfig).makeApiClient(CoreV1Api)
  const secret = await unasked(core, AUTHORITY.doorRootSecret)
  const isPrepared = secret.data?.['next.crt'] !== undefined
  if (step === 'prepare' && isPrepared)
    throw new Error(
      'the next root is there already: give it to the machines, then "deskfleet certificates root switch"',
    )
  if (step === 'switch' && !isPrepared)
    throw new Error('there is no next root: "deskfleet certificates root prepare" makes one')
  if (!dryRun) await ask(core, secret, ROOT_STEPS[step])
  terminal.stdout.write(dryRun ? `asked for that, ${ROOT_SAYS[step]}` : `within seconds ${ROOT_SAYS[step]}`)
}

/** The Secret of an authority, as long as nothing is asked of it. */
async function unasked(core: CoreV1Api, name: string): Promise<V1Secret> {
  const place = { namespace: system, name }
  const secret = await readOf(`Secret ${system}/${name}`, () => core.readNamespacedSecret(place), ADVICE)
  if (secret.metadata?.annotations?.[ROTATE] === undefined) return secret
  throw new Error(
    'something is asked for already: certificate-keeper begins within seconds; if it does not, see ' +
      `"kubectl -n ${system} logs deployment/${AUTHORITY.keeper}"`,
  )
}

/** Over the very version that was read: of two who ask at once, one is told. */
async function ask(core: CoreV1Api, { metadata }: V1Secret, what: string): Promise<void> {
  const body = {
    metadata: { resourceVersion: metadata?.resourceVersion, annotations: { [ROTATE]: what } },
  }
  const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch)
  const place = { namespace: system, name: metadata?.name ?? '' }
  const asked = await unless(409, () => core.patchNamespacedSecret({ ...place, body }, merge))
  if (asked === undefined) throw new Error('it has just changed: run the command again')
}
