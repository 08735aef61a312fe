import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { GLUSTER } from '../../config/names.ts'
import { inputsOf } from '../../lab/images/context.ts'

/** What every Containerfile keeps to: those too that cannot be built where the tests run. */

const images = join(import.meta.dirname, '..', '..', 'images')
const names = readdirSync(images).filter((name) => existsSync(join(images, name, 'Containerfile')))

/** Instructions with their arguments, comments gone and continued lines joined. */
const instructions = (name: string): [word: string, rest: string][] =>
  readFileSync(join(images, name, 'Containerfile'), 'utf8')
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, word = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? []
      return [word, rest.replace(/\s+/g, ' ').trim()]
    })

const all = (name: string, word: string): string[] =>
  instructions(name).flatMap(([one, rest]) => (one === word ? [rest] : []))

/** What `npm run images` lays beside a Containerfile. */
const LAID = ['app', 'bin/node', 'bin']

/** Argo CD's own manifests count on the number and on the variables of its own image. */
const AS_ITS_OWN: Readonly<Record<string, { readonly user: RegExp; readonly variables: readonly string[] }>> =
  {
    argocd: { user: /^999:999$/, variables: ['USER=argocd GRPC_ENABLE_TXT_SERVICE_CONFIG=false'] },
  }

for (const name of names) {
  test(`${name} begins at nothing but what is handed to it, and ends as nobody`, (t) => {
    t.regex(all(name, 'FROM').join(), /^\$\{BASE\}$/)
    // No default: a tag moves, and a digest that stands here grows old unseen.
    t.is(all(name, 'ARG')[0], 'BASE')
    t.regex(all(name, 'USER').at(-1) ?? '', AS_ITS_OWN[name]?.user ?? /^[1-9]\d{3,}:[1-9]\d{3,}$/)
    for (const word of ['ENTRYPOINT', 'CMD'])
      for (const rest of all(name, word)) t.true(Array.isArray(JSON.parse(rest)))
  })

  test(`${name} copies what is there, fetches nothing by itself, and leaves no package lists`, (t) => {
    t.deepEqual([...all(name, 'ADD'), ...all(name, 'ENV')], [...(AS_ITS_OWN[name]?.variables ?? [])])
    for (const copy of all(name, 'COPY')) {
      for (const from of copy.split(' ').slice(0, -1)) {
        const there = [name, 'desktop'].some((folder) => existsSync(join(images, folder, from)))
        t.true(there || LAID.includes(from), `${from} is nowhere`)
      }
    }
    for (const step of all(name, 'RUN')) {
      t.notRegex(step, /\b(curl|wget|sudo|chmod 777|setcap|latest)\b/)
      if (/apt-get .*install/.test(step)) {
        t.regex(step, /apt-get update .*--yes .*--no-install-recommends .*rm -rf \/var\/lib\/apt\/lists/)
      }
      if (/\bdnf\b/.test(step)) t.regex(step, /--assumeyes .*install_weak_deps=False .*dnf clean all/)
    }
  })

  test(`${name} lists its packages once, in order`, (t) => {
    const packages = readFileSync(join(images, name, 'packages'), 'utf8')
      .trim()
      .split('\n')
    t.deepEqual(packages, [...new Set(packages)].sort())
    for (const one of packages) t.regex(one, /^[A-Za-z0-9][A-Za-z0-9+.-]+$/)
  })
}

const DESKTOPS = names.filter((name) => name.startsWith('desktop'))

for (const name of DESKTOPS) {
  test(`${name} holds what the bridge calls`, (t) => {
    const packages = readFileSync(join(images, name, 'packages'), 'utf8')
    // A program, and the packages of Debian and CentOS that have it.
    for (const [program, found] of Object.entries({
      Xvnc: /^tigervnc-(standalone-server|server-minimal)$/m,
      'dbus-daemon': /^dbus-daemon$/m,
      'dbus-send': /^dbus-(bin|tools)$/m,
      'notify-send': /^libnotify(-bin)?$/m,
      setxkbmap: /^(x11-xkb-utils|setxkbmap)$/m,
      xprop: /^(x11-utils|xprop)$/m,
      'xfce4-session': /^xfce4-session$/m,
      tini: /^tini$/m,
    })) {
      t.regex(packages, found, program)
    }
    t.deepEqual(all(name, 'ENTRYPOINT'), [
      '["tini", "--", "node", "--disable-sigusr1", "/app/bridge/main.js"]',
    ])
    t.true(all(name, 'RUN').some((step) => step.includes('/etc/deskfleet/finish')))
  })
}

for (const script of ['desktop/finish', 'gluster/slim', 'gluster/lay-client']) {
  test(`${script}, which a build runs, is one that any shell reads, and may be run`, (t) => {
    const path = join(images, script)
    execFileSync('sh', ['-n', path])
    t.true((statSync(path).mode & 0o111) !== 0)
    t.notRegex(readFileSync(path, 'utf8'), /\[\[|\bfunction\b|<\(/)
  })
}

test('glusterd listens where everybody looks for it, and gives bricks the ports that are let through', (t) => {
  const text = readFileSync(join(images, 'gluster', 'glusterd.vol'), 'utf8')
  const option = (name: string): string => new RegExp(`^ *option ${name} (.+)$`, 'm').exec(text)?.[1] ?? ''
  t.is(option('transport.socket.listen-port'), String(GLUSTER.port))
  t.deepEqual(['base-port', 'max-port'].map(option), [GLUSTER.bricks.first, GLUSTER.bricks.last].map(String))
  t.is(option('working-directory'), '/var/lib/glusterd')
  t.is(option('ping-timeout'), '10')
})

test('a PC is known by the same three files to all that glusterd and the client speak to', (t) => {
  for (const script of ['slim', 'lay-client']) {
    const text = readFileSync(join(images, 'gluster', script), 'utf8')
    t.regex(
      text,
      /for file in key pem ca; do ln -s "\/tls\/glusterfs\.\$file" ".*\/etc\/ssl\/glusterfs\.\$file"/,
    )
  }
  t.deepEqual(all('gluster', 'ENTRYPOINT'), ['["tini", "--"]'])
})

test('settings of programs are well formed', (t) => {
  const files = globSync('desktop*/root/**/*.{xml,svg,xcd,json}', { cwd: images })
  t.true(files.length > 8)
  for (const file of files) {
    const text = readFileSync(join(images, file), 'utf8')
    if (file.endsWith('.json')) t.notThrows(() => JSON.parse(text), file)
    else t.is(unclosed(text), '', file)
  }
})

/** The first element of an XML text that is not closed in order; '' when all are. */
function unclosed(xml: string): string {
  const open: string[] = []
  for (const [, closing, name = '', own] of xml
    .replace(/<[?!][^>]*>/g, '')
    .matchAll(/<(\/?)([\w:.-]+)[^>]*?(\/?)>/g)) {
    if (own) continue
    if (!closing) open.push(name)
    else if (open.pop() !== name) return name
  }
  return open[0] ?? ''
}

test('what copies etcd runs from the image that has its programs', (t) => {
  t.true(inputsOf('etcd-backup').includes('orchestrator/backup/main.ts'))
  t.false(inputsOf('etcd-backup').some((path) => /^(gateway|storage)\//.test(path)))
  t.deepEqual(all('etcd-backup', 'COPY').slice(1), ['bin /usr/local/bin/', 'app /app'])
})

test('every program that a manifest starts is in our image', (t) => {
  const dist = join(images, '..', 'dist')
  const started = globSync('**/*.yaml', { cwd: dist }).flatMap((file) =>
    [...readFileSync(join(dist, file), 'utf8').matchAll(/\b[a-z-]+(?:\/[a-z-]+)*\/main\.[jt]s\b/g)].map(
      ([path]) => path,
    ),
  )
  const inputs = new Set(inputsOf('deskfleet'))
  t.true(new Set(started).size > 2)
  const missing = started.filter((path) => !inputs.has(path.replace(/\.js$/, '.ts')))
  // The source of each, which the image has without its types.
  t.deepEqual([...new Set(missing)], [])
})
