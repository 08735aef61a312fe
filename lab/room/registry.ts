import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { Machine } from '../machine/machine.ts'
import { until } from '../run/readiness.ts'
import { logTail, runs, startProcess } from '../run/run.ts'
import { NETWORK, type Pc } from './plan.ts'
import { basic, type Login, makeAccess, type RegistryAccess } from './registry-access.ts'

/** What the platform's files call the registry; the room's nodes are told where that is. */
export const REGISTRY = 'registry.room.example.org:5000'

/**
 * The room's registry (the distribution project's own) over one store, twice, since its logins know no rights: the PCs
 * reach one that writes nothing; images are brought in by one that the room's machine alone reaches.
 */
const READING = { id: 'registry', port: 5000 } as const
const WRITING = { id: 'registry-writing', port: 5001 } as const
const PLACE = `https://${NETWORK.gateway}:${READING.port}`
const WRITING_PLACE = `127.0.0.1:${WRITING.port}`

/** Starts the room's registry in the room's network, and tells every node where it is, who vouches for it, and a login. */
export async function startRegistry(
  dir: string,
  machine: Machine,
  pcs: readonly Pc[],
  program: string,
): Promise<void> {
  const folder = join(dir, 'registry')
  mkdirSync(join(folder, 'store'), { recursive: true })
  const names = [NETWORK.gateway, '127.0.0.1', REGISTRY.split(':')[0] ?? '']
  const access = await makeAccess(machine, join(folder, 'access'), names)
  // On all addresses of the room's network: the bridge comes and goes with the PCs that are on.
  const reading = { addr: `0.0.0.0:${READING.port}`, logins: access.files.pull, readonly: true }
  const writing = { addr: WRITING_PLACE, logins: access.files.push, readonly: false }
  for (const [{ id }, at] of [[READING, reading] as const, [WRITING, writing] as const]) {
    const config = join(folder, `${id}.yaml`)
    writeFileSync(config, stringify(configuration(join(folder, 'store'), access, at)))
    await startProcess(dir, id, 'nsenter', [...machine.network, program, 'serve', config], {
      becomes: 'registry',
      env: { OTEL_TRACES_EXPORTER: 'none' },
    })
  }
  for (const pc of pcs) await tellNode(machine, pc, access)
  await keepPushLogin(machine, access)
  // Asked from where it matters: a node. Without a login it answers 401, which is an answer.
  const asking = ['curl', '--silent', '--output', '/dev/null', '--max-time', '2', '--cacert']
  const fromNode = ['podman', 'exec', pcs[0]?.name ?? '', ...asking, `${certsOf(REGISTRY)}/ca.crt`]
  const fromMachine = ['skopeo', 'list-tags', ...pushing(''), `docker://${WRITING_PLACE}/none`]
  const answers = async (): Promise<boolean> =>
    (await machine.exec([...fromNode, `${PLACE}/v2/`])).code === 0 &&
    /not known|not found|404/i.test((await machine.exec(fromMachine)).stderr)
  const both = () => runs(dir, READING.id) && runs(dir, WRITING.id)
  const outcome = await until("the room's registry", 20_000, answers, both)
  if (outcome.ready) return
  throw new Error(`${outcome.reason}\n${logTail(dir, READING.id)}\n${logTail(dir, WRITING.id)}`)
}

const configuration = (
  store: string,
  { files }: RegistryAccess,
  { addr, logins, readonly }: { addr: string; logins: string; readonly: boolean },
) => ({
  version: '0.1',
  log: { level: 'warn' },
  storage: {
    filesystem: { rootdirectory: store },
    ...(readonly ? { maintenance: { readonly: { enabled: true } } } : {}),
  },
  auth: { htpasswd: { realm: 'room', path: logins } },
  http: { addr, tls: { certificate: files.certificate, key: files.key } },
})

const certsOf = (registry: string): string => `/etc/containerd/certs.d/${registry}`

/** By stdin, so that no list of processes shows the login; for root alone. */
async function tellNode(machine: Machine, pc: Pc, { authority, pull }: RegistryAccess): Promise<void> {
  await writeOn(machine, pc, 'ca.crt', authority)
  await writeOn(machine, pc, 'hosts.toml', hostsFile(`${certsOf(REGISTRY)}/ca.crt`, pull))
}

async function writeOn(machine: Machine, pc: Pc, name: string, input: string): Promise<void> {
  const folder = certsOf(REGISTRY)
  const script = `umask 077 && mkdir -p ${folder} && cat >${folder}/${name}`
  await machine.must(['podman', 'exec', '-i', pc.name, 'sh', '-c', script], { input })
}

/** The same for a PC that came later, as another one knows it: the login stands nowhere else. */
export async function tellNewcomer(machine: Machine, knows: Pc, pc: Pc): Promise<void> {
  for (const name of ['ca.crt', 'hosts.toml']) {
    const reading = ['podman', 'exec', knows.name, 'cat', `${certsOf(REGISTRY)}/${name}`]
    await writeOn(machine, pc, name, await machine.must(reading))
  }
}

const hostsFile = (ca: string, pull: Login): string => `server = "${PLACE}"
[host."${PLACE}"]
  capabilities = ["pull", "resolve"]
  ca = "${ca}"
[host."${PLACE}".header]
  Authorization = "Basic ${basic(pull)}"
`

/** In the memory of the room's machine, where it ends with the room. */
const ACCESS = '/run/registry'

async function keepPushLogin(machine: Machine, { authority, push }: RegistryAccess): Promise<void> {
  const write = (name: string, input: string): Promise<string> =>
    machine.must(['sh', '-c', `umask 077 && mkdir -p ${ACCESS}/certs && cat >${ACCESS}/${name}`], { input })
  await write('certs/ca.crt', authority)
  await write('auth.json', JSON.stringify({ auths: { [WRITING_PLACE]: { auth: basic(push) } } }))
}

const pushing = (side: '' | 'dest-'): string[] => [
  `--${side}cert-dir=${ACCESS}/certs`,
  `--authfile=${ACCESS}/auth.json`,
]

/**
 * Puts an OCI archive into the registry as `name:tag`, its digest unchanged.
 *
 * @returns the reference by digest that nodes pull: `registry…/name@sha256:…`
 */
export async function pushImage(
  machine: Machine,
  image: { readonly name: string; readonly archive: string; readonly digest: string },
  tag: string,
): Promise<string> {
  const file = join(machine.share, `${image.name}.tar`)
  copyFileSync(image.archive, file)
  try {
    await machine.must([
      ...['skopeo', 'copy', '--quiet', '--preserve-digests', ...pushing('dest-')],
      ...[`oci-archive:/share/${image.name}.tar`, `docker://${WRITING_PLACE}/${image.name}:${tag}`],
    ])
  } finally {
    rmSync(file)
  }
  return `${REGISTRY}/${image.name}@${image.digest}`
}
