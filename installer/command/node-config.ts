import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { CoreV1Api } from '@kubernetes/client-node'
import type { Command } from 'commander'
import { parse } from 'yaml'
import { z } from 'zod'
import { type ClusterOptions, openCluster, readOf, withCluster } from '../../cli/cluster.ts'
import { UsageError } from '../../cli/errors.ts'
import { writeNew } from '../../cli/new-file.ts'
import { type DryRunOptions, names, withDryRun } from '../../cli/options.ts'
import { examplesText } from '../../cli/run.ts'
import type { Terminal } from '../../cli/terminal.ts'
import { unless } from '../../cluster/answer.ts'
import {
  bootstrapToken,
  publicKeyHash,
  SYSTEM,
  type Token,
  tokenSecretName,
} from '../../cluster/bootstrap-token.ts'
import { sentence } from '../../config/findings.ts'
import { AUTHORITY, CLUSTER_AUTHORITY, NAMESPACES, PC_PATTERN, SOURCES } from '../../config/names.ts'
import { readCluster } from '../../config/read.ts'
import type { Cluster } from '../../config/schema.ts'
import { answerFile } from './answers.ts'

/** As long as kubeadm's own. */
const VALID = 24 * 3_600_000
const KUBEADM = 'was this cluster made by kubeadm?'
const OWN = '(default with sources.kind: room: out of the cluster)'
const LOGIN = /^[^:\s]+:\S+$/

interface Options extends ClusterOptions, DryRunOptions {
  readonly config: string
  readonly name?: string
  readonly registryCa?: string
  readonly registryLogin?: string
  readonly timeServers?: string
}

/** `deskfleet node-config`: what a bare PC has to know to join. */
export function addNodeConfigCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('node-config [file]')
    .description(
      'the answer file by which installer/install.sh makes a bare PC a worker; without a file, on stdout',
    )
    .option('--config <file>', 'the file of the room', 'cluster.yaml')
    .option('--name <pc>', 'what the PC shall be called (default: its host name)')
    .option('--registry-ca <file>', `the certificate of who vouches for the room's registry ${OWN}`)
    .option('--registry-login <file>', `a file with NAME:PASSWORD, the PCs' login at the registry ${OWN}`)
    .option(
      '--time-servers <hosts>',
      'by whom PCs set their clocks, separated by commas (default: those of Debian)',
    )
  withDryRun(withCluster(command, 'PC'))
    .addHelpText(
      'after',
      examplesText(['deskfleet node-config pc-7.yaml --registry-ca ca.crt --registry-login pull.login']),
    )
    .action((file: string | undefined, options: Options) => nodeConfig(terminal, file, options))
}

async function nodeConfig(terminal: Terminal, file: string | undefined, options: Options): Promise<void> {
  const { kubeconfig, name, dryRun } = options
  if (name !== undefined && !PC_PATTERN.test(name))
    throw new UsageError(`a PC cannot be called ${name}: write small letters, digits, - and .`)
  const room = await roomOf(options.config)
  const given = {
    authority: await textOf(options.registryCa),
    login: loginIn(options.registryLogin, await textOf(options.registryLogin)),
  }
  const core = openCluster(kubeconfig).makeApiClient(CoreV1Api)
  const known = await clusterOf(core)
  const own = room.sources.kind === 'room'
  const registryAuthority = given.authority ?? (own ? await ownAuthority(core) : undefined)
  const registryLogin = given.login ?? (own ? await ownLogin(core) : undefined)
  warnOfOther(terminal, known.endpoint, room.hosts.address)

  const token: Token = { id: randomBytes(3).toString('hex'), secret: randomBytes(8).toString('hex') }
  const until = new Date(Date.now() + VALID)
  const text = answerFile({
    ...known,
    token: dryRun ? '<made when it is written>' : `${token.id}.${token.secret}`,
    until,
    registry: room.registry,
    registryAuthority,
    registryLogin:
      dryRun && registryLogin !== undefined
        ? `<as in the ${given.login ? 'file' : 'Secret'}>`
        : registryLogin,
    name,
    timeServers: names(options.timeServers),
    door: room.hosts.door,
    doorAuthorities: await doorRoots(core),
    keyboard: room.desktops.keyboard,
    language: room.desktops.language,
    timeZone: room.desktops.timeZone,
  })
  if (dryRun) {
    terminal.stdout.write(text)
    return
  }
  const description = 'for a PC that joins, by npx deskfleet node-config'
  const body = bootstrapToken(token, until, { description })
  await core.createNamespacedSecret({ namespace: SYSTEM, body })
  if (file === undefined) {
    terminal.stdout.write(text)
    return
  }
  try {
    await writeNew(file, text)
  } catch (error) {
    await core.deleteNamespacedSecret({ namespace: SYSTEM, name: tokenSecretName(token.id) })
    throw error
  }
  terminal.stdout.write(`${file} lets PCs join until ${until.toISOString()}\n`)
}

async function roomOf(path: string): Promise<Cluster> {
  const text = await textOf(path)
  const read = readCluster({ name: path, text: text ?? '' })
  if (read.ok) return read.value
  throw new Error(read.findings.map(sentence).join('\n'))
}

const textOf = (path: string | undefined): Promise<string> | undefined =>
  path === undefined
    ? undefined
    : readFile(path, 'utf8').catch((error) => {
        throw new UsageError(`${path} cannot be read (${error.code}): check the path`)
      })

function loginIn(path: string | undefined, text: string | undefined): string | undefined {
  const login = text?.trim()
  if (login === undefined || LOGIN.test(login)) return login
  throw new UsageError(`${path} holds no login: one line, NAME:PASSWORD`)
}

const ClusterConfiguration = z.object({
  controlPlaneEndpoint: z.string().min(1),
  kubernetesVersion: z.string().regex(/^v\d+\.\d+\.\d+/),
})

/** What kubeadm noted of the cluster, and the key by which it is known. */
async function clusterOf(core: CoreV1Api) {
  const configuration = await readOf(
    `ConfigMap ${SYSTEM}/kubeadm-config`,
    async () =>
      (await core.readNamespacedConfigMap({ name: 'kubeadm-config', namespace: SYSTEM })).data
        ?.ClusterConfiguration,
    KUBEADM,
  )
  const authority = await readOf(
    `ConfigMap ${SYSTEM}/${CLUSTER_AUTHORITY}`,
    async () =>
      (await core.readNamespacedConfigMap({ name: CLUSTER_AUTHORITY, namespace: SYSTEM })).data?.['ca.crt'],
    KUBEADM,
  )
  const known = ClusterConfiguration.safeParse(parse(configuration))
  if (!known.success)
    throw new Error(
      `ConfigMap ${SYSTEM}/kubeadm-config names no controlPlaneEndpoint and kubernetesVersion: a room has one address for all its masters, docs/door.md`,
    )
  const { controlPlaneEndpoint: named, kubernetesVersion: kubernetes } = known.data
  const endpoint = /:\d+$/.test(named) ? named : `${named}:6443`
  return { endpoint, kubernetes, authority: publicKeyHash(authority) }
}

/** Who vouches for the registry that the room runs itself. */
const ownAuthority = (core: CoreV1Api): Promise<string> => secretOf(core, SOURCES.secret, 'ca.crt')

/** By what PCs pull there. */
async function ownLogin(core: CoreV1Api): Promise<string> {
  const login = (await secretOf(core, SOURCES.loginsSecret, 'pull')).trim()
  if (LOGIN.test(login)) return login
  throw new Error(
    `Secret ${NAMESPACES.sources}/${SOURCES.loginsSecret} holds no login in pull: one line, NAME:PASSWORD; docs/sources.md`,
  )
}

async function secretOf(core: CoreV1Api, name: string, key: string): Promise<string> {
  const namespace = NAMESPACES.sources
  const what = `Secret ${namespace}/${name}`
  const advice =
    'the installer makes it where sources.kind is room (docs/sources.md); or name files by --registry-ca and --registry-login'
  const { data } = await readOf(what, () => core.readNamespacedSecret({ name, namespace }), advice)
  const text = data?.[key]
  if (text === undefined) throw new Error(`${what} has no ${key}; ${advice}`)
  return Buffer.from(text, 'base64').toString()
}

/** Who vouches for the door, and who will; a room without a door of its own has none. */
async function doorRoots(core: CoreV1Api): Promise<string | undefined> {
  const place = { namespace: NAMESPACES.system, name: AUTHORITY.doorRootConfigMap }
  const { data = {} } = (await unless(404, () => core.readNamespacedConfigMap(place))) ?? {}
  return [data['ca.crt'], data['next.crt']].filter(Boolean).join('') || undefined
}

/** The cluster's own word counts: its API servers' certificates are for that name. */
function warnOfOther({ stderr }: Terminal, endpoint: string, address: string | undefined): void {
  const wanted = address?.replace(/\/\d+$/, '')
  if (wanted === undefined || endpoint.replace(/:\d+$/, '') === wanted) return
  stderr.write(
    `the cluster calls its API ${endpoint}, and hosts.address of cluster.yaml is ${wanted}: PCs join at ${endpoint}\n`,
  )
}
