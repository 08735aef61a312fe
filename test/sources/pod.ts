import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { newAuthority } from '../../certificates/authority.ts'
import { newLeaf } from '../../certificates/leaf.ts'
import { DATA, entrance, GIT_SOCKET } from '../../charts/sources/entrance.ts'
import { registry } from '../../charts/sources/registry.ts'
import { SOURCES } from '../../config/names.ts'
import { locate } from '../../lab/binaries/locate.ts'
import { unpackedDebian } from '../../lab/debian/root.ts'
import { packagesOf } from '../../lab/images/context.ts'
import { type CallResult, call } from '../../lab/programs/call.ts'
import { firstProcessOf, OWN_NAMESPACES } from '../harness/own-namespaces.ts'
import { eventually } from '../harness/wait.ts'

/** What is called where PCs and Argo CD call it. */
export const ADDRESS = '10.96.0.40'
export const REGISTRY = `${ADDRESS}:${SOURCES.registryPort}`
/** Of the pod itself: the Service shows it as 443. */
export const GIT = `${ADDRESS}:8443`

export const LOGINS = ['pull', 'push', 'argo', 'admin'] as const
export type Login = (typeof LOGINS)[number]

/** The pod of `sources`: what its image has and its scripts begin, as its containers run it; with clients beside them. */
export interface Pod {
  readonly passwords: Readonly<Record<Login, string>>
  /** Runs a script as a client in the pod's network; git and curl know who vouches for the room. */
  client(script: string, input?: string): Promise<CallResult>
  /** Begins one of its containers, as nobody without any right. */
  begin(command: readonly string[]): ChildProcess
  /** Of a file of its Secret: a new one in its place. */
  write(path: string, text: string): void
  /** Shows a certificate of the same authority, with another number. */
  renew(): Promise<void>
  /** What its containers said. */
  said(): string
  end(): Promise<void>
}

/** The command of the container `git`, at a socket of its own. */
export const gitCommand = (socket = GIT_SOCKET): string[] => [
  ...['serve-git', `${DATA}/git`, SOURCES.repository, socket],
]

/** @param settings nginx's; as the chart has them, unless a test spoils them */
export async function startPod(folder: string, settings = entrance()): Promise<Pod> {
  const lower = await unpackedDebian({
    ...{ name: 'sources-tried', suite: 'trixie' },
    packages: [...packagesOf('sources'), 'ca-certificates', 'curl', 'skopeo'],
  })
  const binaries = await locate(['registry'])
  const upper = join(folder, 'upper')
  const at = (path: string): string => join(upper, path)
  const given = (path: string): string => join(folder, 'etc', path)
  for (const one of [at('usr/local/bin'), at('etc'), ...['tls', 'logins', 'http'].map(given)])
    mkdirSync(one, { recursive: true })
  const image = join(import.meta.dirname, '../../images/sources')
  for (const name of ['serve-entrance', 'serve-git', 'serve-registry'])
    cpSync(join(image, name), at(`usr/local/bin/${name}`))
  cpSync(join(image, 'gitconfig'), at('etc/gitconfig'))
  cpSync(binaries.get('registry') ?? 'registry', at('usr/local/bin/registry'))
  chmodSync(at('usr/local/bin/registry'), 0o755)

  const authority = await newAuthority({ name: 'Sources of a room' }, new Date())
  const certificate = () => newLeaf(authority, [ADDRESS, '127.0.0.1', 'localhost'], new Date())
  const leaf = await certificate()
  const passwords = {} as Record<Login, string>
  for (const name of LOGINS) passwords[name] = randomBytes(18).toString('base64url')
  const line = async (name: Login) =>
    `${name}:${(await call('openssl', ['passwd', '-6', '-stdin'], { input: `${passwords[name]}\n` })).stdout}`
  const files = {
    'nginx.conf': settings,
    'registry.yaml': stringify(registry()),
    'tls/tls.crt': leaf.certificate,
    'tls/tls.key': leaf.key,
    'tls/ca.crt': authority.certificate,
    'logins/registry.logins': (await line('pull')) + (await line('push')),
    'logins/git.logins': (await line('argo')) + (await line('admin')),
    'http/http-secret': randomBytes(32).toString('hex'),
  }
  for (const [path, text] of Object.entries(files)) writeFileSync(given(path), text)

  const options = [...OWN_NAMESPACES, '--net']
  const script = join(import.meta.dirname, 'pod.sh')
  const holder = spawn('unshare', [...options, 'sh', script, folder, lower, ADDRESS], {
    stdio: 'ignore',
  })
  const first = await firstProcessOf(holder, 30)
  const inside = ['--target', String(first), '--mount', '--pid', '--ipc', '--uts', '--net', '--']
  const environment = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LC_ALL: 'C.UTF-8',
    OTEL_TRACES_EXPORTER: 'none',
  }
  const nobody = [
    ...['setpriv', '--reuid=65532', '--regid=65532', '--clear-groups', '--no-new-privs'],
    ...['--bounding-set=-all', '--inh-caps=-all'],
  ]
  let said = ''
  const begin: Pod['begin'] = (command) => {
    const child = spawn('nsenter', [...inside, ...nobody, ...command], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
    return child
  }
  const client: Pod['client'] = (text, input = '') =>
    call('nsenter', [...inside, 'sh', '-euc', text], {
      input,
      env: {
        ...environment,
        ...{ HOME: '/tmp', GIT_SSL_CAINFO: CA, CURL_CA_BUNDLE: CA, GIT_TERMINAL_PROMPT: '0' },
        ...{ GIT_AUTHOR_NAME: 'x', GIT_AUTHOR_EMAIL: 'x@x', GIT_COMMITTER_NAME: 'x' },
        GIT_COMMITTER_EMAIL: 'x@x',
        // A client's own settings, and not the server's.
        GIT_CONFIG_NOSYSTEM: '1',
      },
    })
  const write: Pod['write'] = (path, text) => writeFileSync(given(path), text)
  begin(gitCommand())
  begin(['serve-registry', '/etc/sources/registry.yaml', '/etc/sources/http/http-secret'])
  begin(['serve-entrance', '/etc/sources/nginx.conf', '/etc/sources/tls'])
  await eventually('all three answer', async () => {
    const asked = ['healthz', 'registry', 'git'].map((one) => `curl -sf http://127.0.0.1:8081/${one}`)
    return (await client(asked.join(' && '))).code === 0
  })
  return {
    passwords,
    client,
    begin,
    write,
    async renew() {
      const next = await certificate()
      write('tls/tls.key', next.key)
      write('tls/tls.crt', next.certificate)
    },
    said: () => said,
    async end() {
      if (holder.exitCode === null && holder.signalCode === null) {
        const ended = new Promise((done) => holder.once('exit', done))
        process.kill(first, 'SIGKILL')
        await ended
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const CA = '/etc/sources/tls/ca.crt'
