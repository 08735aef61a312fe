import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { layerOf, writeImage } from '../../lab/images/archive.ts'
import { temporaryFolder } from '../harness/temporary-folder.ts'
import { becomes, eventually } from '../harness/wait.ts'
import { GIT, gitCommand, type Login, type Pod, REGISTRY, startPod } from './pod.ts'

/**
 * The room's own registry and Git server, as the scripts of their image run them, read-only and as nobody, with real git, skopeo and
 * curl in front.
 */

let pod: Pod
let folder: string

test.before(async (t) => {
  t.timeout(240_000)
  folder = temporaryFolder()
  pod = await startPod(folder)
  await layImage()
})
test.after.always(() => pod?.end())

/** A small image, where clients find it. */
async function layImage(): Promise<void> {
  const work = join(folder, 'image')
  mkdirSync(work)
  writeFileSync(join(work, 'hello'), 'hello\n')
  const layer = join(folder, 'layer.tar')
  await layerOf(work, layer)
  await writeImage({ reference: 'hello:1', layer, entrypoint: ['/hello'] }, join(folder, 'etc/hello.tar'))
}

const ARCHIVE = 'docker-archive:/etc/sources/hello.tar'
const SKOPEO = 'skopeo --insecure-policy copy --quiet'
const CERTS = 'mkdir -p /tmp/certs && cp /etc/sources/tls/ca.crt /tmp/certs/'

const credentials = (name: Login): string => `${name}:${pod.passwords[name]}`
const push = (login: string, tag = '1') =>
  pod.client(
    `${CERTS}; ${SKOPEO} --dest-cert-dir=/tmp/certs --dest-creds=${login} ${ARCHIVE} docker://${REGISTRY}/hello:${tag}`,
  )
const pull = (login: string, to: string) =>
  pod.client(
    `${CERTS}; ${SKOPEO} --src-cert-dir=/tmp/certs --src-creds=${login} docker://${REGISTRY}/hello:1 dir:/tmp/${to}`,
  )
/** What a request is answered with. */
const status = async (words: string): Promise<string> =>
  (await pod.client(`curl -s -o /tmp/body -D /tmp/head -w '%{http_code}' ${words}`)).stdout
const challenge = async (): Promise<string> =>
  (await pod.client('grep -i ^www-authenticate: /tmp/head || true')).stdout.trim()

const url = (login: string): string => `https://${login}@${GIT}/deskfleet.git`
/** One commit more, pushed to `main`. */
const commit = (clone: string, login: string, more = '') =>
  pod.client(
    `cd /tmp/${clone}; date +%N >>file; git add file; git commit -qm more; git push -q ${more} ${url(login)} HEAD:main`,
  )

test.serial('an image is pushed by who may write, and pulled by who may read', async (t) => {
  const pushed = await push(credentials('push'))
  t.is(pushed.code, 0, pushed.stderr)
  const pulled = await pull(credentials('pull'), 'pulled')
  t.is(pulled.code, 0, pulled.stderr)
  t.regex((await pod.client('ls /tmp/pulled')).stdout, /manifest\.json/)
})

test.serial('who may read is refused when they write, and goes on reading', async (t) => {
  const refused = await push(credentials('pull'), '2')
  t.not(refused.code, 0)
  t.regex(refused.stderr, /403|denied|forbidden/i)
  const uploads = `https://${REGISTRY}/v2/hello/blobs/uploads/`
  const manifest = `https://${REGISTRY}/v2/hello/manifests/1`
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
    for (const to of [uploads, manifest])
      t.is(await status(`-u ${credentials('pull')} -X ${method} ${to}`), '403', `${method} ${to}`)
  t.is((await pull(credentials('pull'), 'again')).code, 0)
})

test.serial('without a login there is a question for one, and with a wrong password nothing', async (t) => {
  for (const [at, realm] of [
    [`https://${REGISTRY}/v2/`, 'registry'],
    [`https://${GIT}/deskfleet.git/info/refs?service=git-upload-pack`, 'git'],
  ] as const) {
    t.is(await status(at), '401')
    t.is(await challenge(), `WWW-Authenticate: Basic realm="${realm}"`)
    // Names that have rights, by a password that is none; and what is no login at all.
    for (const login of realm === 'git' ? ['argo', 'admin'] : ['pull', 'push'])
      t.is(await status(`-u ${login}:wrong ${at}`), '401', login)
    t.is(await status(`-H 'Authorization: Basic !!' ${at}`), '401')
  }
  t.not((await push('push:wrong')).code, 0)
  t.not((await pull('pull:wrong', 'never')).code, 0)
})

test.serial('a login of one is none of the other, and a name without a right has none', async (t) => {
  const refs = `https://${GIT}/deskfleet.git/info/refs?service=git-upload-pack`
  t.is(await status(`-u ${credentials('push')} ${refs}`), '403')
  t.is(await status(`-u ${credentials('admin')} https://${REGISTRY}/v2/`), '403')
  // Somebody wrote a line into a file of logins, and no right into the settings.
  const { stdout } = await pod.client('cat /etc/sources/logins/git.logins')
  const line = stdout.split('\n').find((one) => one.startsWith('admin:')) ?? ''
  pod.write('logins/git.logins', `${stdout}${line.replace('admin:', 'eve:')}\n`)
  t.is(await status(`-u eve:${pod.passwords.admin} ${refs}`), '403')
})

test.serial('a blob of 200 MB goes through, byte for byte', async (t) => {
  const { stdout, stderr, code } = await pod.client(`
    head -c 200000000 /dev/urandom >/tmp/blob
    digest=sha256:$(sha256sum /tmp/blob | cut -d' ' -f1)
    login="-u ${credentials('push')}"
    to=$(curl -sf $login -X POST -D - -o /dev/null https://${REGISTRY}/v2/large/blobs/uploads/ | sed -n 's/^[Ll]ocation: //p' | tr -d '\\r')
    case $to in /*) ;; *) echo "$to" >&2; exit 1 ;; esac
    curl -sf $login -T /tmp/blob -H 'Transfer-Encoding: chunked' -H 'Content-Type: application/octet-stream' "https://${REGISTRY}$to&digest=$digest"
    rm /tmp/blob
    curl -sf -u ${credentials('pull')} https://${REGISTRY}/v2/large/blobs/$digest | sha256sum
    echo "$digest"`)
  t.is(code, 0, stderr)
  const [got = '', wanted = ''] = stdout.trim().split('\n')
  t.is(`sha256:${got.split(' ')[0]}`, wanted)
})

test.serial('Git: an administrator clones and pushes, Argo CD fetches and no more', async (t) => {
  const cloned = await pod.client(`git clone -q ${url(credentials('admin'))} /tmp/admin`)
  t.is(cloned.code, 0, cloned.stderr)
  t.is((await pod.client('git -C /tmp/admin symbolic-ref HEAD')).stdout, 'refs/heads/main\n')
  const pushed = await commit('admin', credentials('admin'))
  t.is(pushed.code, 0, pushed.stderr)
  const read = await pod.client(`git clone -q ${url(credentials('argo'))} /tmp/argo && ls /tmp/argo`)
  t.is(read.stdout, 'file\n', read.stderr)
  const refused = await commit('argo', credentials('argo'))
  t.not(refused.code, 0)
  t.regex(refused.stderr, /403/)
  const at = `https://${GIT}/deskfleet.git`
  for (const words of [
    `${at}/info/refs?service=git-receive-pack`,
    `'${at}/info/refs?service=git-upload-pack&service=git-receive-pack'`,
    `-X POST ${at}/git-receive-pack`,
    `-X POST ${at}/x/../git-receive-pack --path-as-is`,
    `${at}/HEAD`,
    `${at}/config`,
    `https://${GIT}/`,
  ])
    t.is(await status(`-u ${credentials('argo')} ${words}`), '403', words)
  t.is((await pod.client('git -C /tmp/argo fetch -q')).code, 0)
})

test.serial('what was pushed stays: history is not rewritten, and no branch is deleted', async (t) => {
  const forced = await pod.client(
    `cd /tmp/admin; git commit -q --amend -m other; git push -q --force ${url(credentials('admin'))} HEAD:main`,
  )
  t.regex(forced.stderr, /non-fast-forward/)
  const deleted = await pod.client(
    `cd /tmp/admin; git push -q ${url(credentials('admin'))} HEAD:refs/heads/other && git push -q ${url(credentials('admin'))} :other`,
  )
  t.regex(deleted.stderr, /deletion prohibited/)
  await pod.client('cd /tmp/admin; git fetch -q; git reset -q --hard origin/main')
})

test.serial('a push of 30 MB goes through, also in parts', async (t) => {
  await pod.client('head -c 30000000 /dev/urandom >/tmp/admin/large; git -C /tmp/admin add large')
  const pushed = await commit('admin', credentials('admin'))
  t.is(pushed.code, 0, pushed.stderr)
  const fetched = await pod.client(
    'git -C /tmp/argo fetch -q; git -C /tmp/argo cat-file -s origin/main:large',
  )
  t.is(fetched.stdout, '30000000\n', fetched.stderr)
})

/** What of a repository that came second is left. */
const leftIn = (path: string): string[] =>
  readdirSync(join(folder, path)).filter((name) => name.startsWith('.new'))

test.serial('two that begin at once over one folder make one repository', async (t) => {
  for (let round = 0; round < 5; round += 1) {
    const made = `round-${round}.git`
    const [one, other] = ['/run/git/x.sock', '/run/git-2/x.sock'].map((socket) =>
      pod.begin([...gitCommand(socket).slice(0, 2), made, socket]),
    )
    await eventually('both serve it', async () => {
      const { code } = await pod.client('test -S /run/git/x.sock -a -S /run/git-2/x.sock')
      return code === 0
    })
    const { stdout } = await pod.client(
      `git -c safe.directory=* -C /data/git/${made} rev-parse --is-bare-repository`,
    )
    t.is(stdout, 'true\n')
    t.deepEqual(leftIn(`data/git/${made}`), [])
    for (const begun of [one, other]) begun?.kill('SIGTERM')
    await pod.client('rm -f /run/git/x.sock /run/git-2/x.sock')
  }
  t.deepEqual(leftIn('data/git'), [])
})

test.serial('a new password counts at the next request, a new certificate within seconds', async (t) => {
  const at = `https://${REGISTRY}/v2/`
  const { stdout } = await pod.client('cat /etc/sources/logins/registry.logins')
  const hash = (await pod.client('openssl passwd -6 another')).stdout.trim()
  pod.write('logins/registry.logins', stdout.replace(/^pull:.*$/m, `pull:${hash}`))
  t.is(await status(`-u ${credentials('pull')} ${at}`), '401')
  t.is(await status(`-u pull:another ${at}`), '200')
  pod.write('logins/registry.logins', stdout)

  const shown = async (): Promise<string> =>
    (
      await pod.client(
        `openssl s_client -connect ${REGISTRY} </dev/null 2>/dev/null | openssl x509 -noout -serial`,
      )
    ).stdout
  const before = await shown()
  await pod.renew()
  await becomes('another certificate is shown', async () => (await shown()) !== before, true, { seconds: 30 })
  t.is(await status(`-u ${credentials('pull')} ${at}`), '200')
})
