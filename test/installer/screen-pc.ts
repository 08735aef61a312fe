import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { type DebianWish, unpackedDebian } from '../../lab/debian/root.ts'
import { type CallResult, call } from '../../lab/programs/call.ts'
import { cgroupOf, removeCgroups } from '../../lab/run/cgroups.ts'
import { OWN_NAMESPACES } from '../harness/own-namespaces.ts'
import { eventually } from '../harness/wait.ts'

/**
 * A PC whose own screen shows the login: a Debian with its real systemd, cage and Chromium, set up by `install.sh`. What it lacks of a
 * PC is the screen itself (cage draws into memory), a seat, and kernel settings of its own.
 */

export const REPOSITORY = join(import.meta.dirname, '../..')
const STEP = readFileSync(join(REPOSITORY, 'installer/steps/kiosk.sh'), 'utf8')
/** As the step asks Debian for them. */
const PACKAGES = /^kiosk_packages='(.+)'$/m.exec(STEP)?.[1]?.split(' ') ?? []

const DEBIAN: DebianWish = {
  name: 'screen-pc',
  suite: 'trixie',
  packages: [
    ...PACKAGES,
    ...[
      'systemd',
      'udev',
      'dbus',
      'tzdata',
      'procps',
      'curl',
      'openssl',
      'util-linux',
      'iproute2',
      'hostname',
    ],
    // What a test sees the screen by, and types on it.
    ...['grim', 'wtype'],
  ],
}

/** What is not as on a PC, in one place. */
const OVER: Readonly<Record<string, string>> = {
  'etc/systemd/system/deskfleet-kiosk.service.d/test.conf': `[Unit]
ConditionPathExists=
ConditionKernelCommandLine=
[Service]
Environment=WLR_BACKENDS=headless WLR_RENDERER=pixman WLR_LIBINPUT_NO_DEVICES=1 LIBSEAT_BACKEND=noop
Environment=DESKFLEET_TERMINAL=/run/terminal
`,
  // Nothing else of a machine is wanted.
  'etc/systemd/system/default.target':
    '[Unit]\nWants=multi-user.target\nAfter=multi-user.target\nAllowIsolate=yes\n',
  'usr/local/sbin/sysctl': '#!/bin/sh\necho "sysctl $*" >>/run/calls\n',
}

export const POLICY = '/etc/chromium/policies/managed/deskfleet-kiosk.json'

export interface ScreenPc {
  /** A folder of this machine that the PC sees at /srv/given. */
  readonly given: string
  run(script: string): Promise<CallResult>
  /** What that shell line says. @throws when it fails */
  said(script: string): Promise<string>
  install(...words: readonly string[]): Promise<CallResult>
  /** Lets a test drive the browser from its next start on: takes the two lines out of the policy that forbid it. */
  allowDebugging(): Promise<void>
  /** The page that its browser shows, once it is there; one that was asked for before is not driven any more. */
  page(): Promise<Page>
  /** A picture of the screen as cage has it: PNG. */
  screenshot(): Promise<Buffer>
  /** A command for whoever looks at that screen, or types on it. */
  inScreen(command: string): string
  /** The processes of its screen, by the numbers that this machine has for them. */
  outsidePids(): number[]
  end(): Promise<void>
}

/**
 * @param folder where it may write; empty
 * @param over further files to lay over its Debian, by their paths
 */
export async function screenPc(
  folder: string,
  port: number,
  over: Readonly<Record<string, string>> = {},
): Promise<ScreenPc> {
  const lower = await unpackedDebian(DEBIAN)
  const given = join(folder, 'given')
  const files = { ...OVER, 'etc/chromium.d/test': debuggable(port), ...over }
  for (const [path, text] of Object.entries(files)) {
    const file = join(given, 'over', path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text, { mode: text.startsWith('#!') ? 0o755 : 0o644 })
  }
  mkdirSync(join(folder, 'above'), { recursive: true })
  const log = openSync(join(folder, 'boot.log'), 'a')
  const script = join(import.meta.dirname, 'screen-pc.sh')
  const name = `screen-pc-${process.pid}-${port}`
  const cgroup = join(cgroupTop(), cgroupOf(name))
  mkdirSync(cgroup)
  const holder: ChildProcess = spawn(
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', 'sh', '-euc', IN_CGROUP, 'sh', cgroup],
      ...['unshare', ...OWN_NAMESPACES, '--cgroup', 'sh', script, folder, lower, REPOSITORY],
    ],
    { stdio: ['ignore', log, log] },
  )
  closeSync(log)
  const children = `/proc/${holder.pid}/task/${holder.pid}/children`
  const first = await eventually('its first process', () =>
    Number(readFileSync(children, 'utf8').trim().split(' ')[0]),
  )
  const run: ScreenPc['run'] = (line) =>
    call('nsenter', ['--target', String(first), '--all', '--', 'sh', '-c', line], {
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin', HOME: '/root' },
    })
  const said: ScreenPc['said'] = async (line) => {
    const { code, stdout, stderr } = await run(line)
    if (code !== 0) throw new Error(`${line}: ${stderr}`)
    return stdout.trim()
  }
  const end = async (): Promise<void> => {
    await new Promise<void>((done) => {
      if (holder.exitCode !== null || holder.signalCode !== null) return done()
      holder.once('exit', () => done())
      process.kill(first, 'SIGKILL')
    })
    await removeCgroups(name)
  }
  try {
    await eventually('systemd is up', async () =>
      /^(running|degraded)$/m.test((await run('systemctl is-system-running')).stdout),
    )
  } catch (error) {
    await end()
    throw error
  }
  const inScreen = (command: string): string =>
    `export XDG_RUNTIME_DIR=/run/deskfleet-kiosk WAYLAND_DISPLAY=wayland-0; ${command}`
  let driven: Browser | undefined
  const browser = async (): Promise<Browser> => {
    await driven?.close()
    // With its defaults, the driver would have downloads saved whatever the policy says.
    const connect = () => chromium.connectOverCDP(`http://127.0.0.1:${port}`, { noDefaults: true })
    driven = await eventually('its browser listens', connect, { seconds: 40, every: 200 })
    return driven
  }
  return {
    given,
    run,
    said,
    install: (...words) => run(`sh /srv/repository/installer/install.sh ${words.join(' ')}`),
    async allowDebugging() {
      await said(
        `sed -i "/RemoteDebuggingAllowed/d; /DeveloperToolsAvailability/d" ${POLICY} && systemctl restart deskfleet-kiosk`,
      )
    },
    async page() {
      const opened = await browser()
      const pages = () => opened.contexts().flatMap((context) => context.pages())
      return eventually('its page', () => pages().find((one) => /^(https|chrome-extension):/.test(one.url())))
    },
    inScreen,
    async screenshot() {
      await said(inScreen('grim /srv/given/screen.png'))
      return readFileSync(join(given, 'screen.png'))
    },
    outsidePids: () =>
      readFileSync(join(cgroup, 'kiosk.slice/deskfleet-kiosk.service/cgroup.procs'), 'utf8')
        .split('\n')
        .filter(Boolean)
        .map(Number),
    end,
  }
}

/** The first process begins in a cgroup of its own, which its systemd takes for the top of them all. */
const IN_CGROUP = 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"'
const cgroupTop = (): string =>
  ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((top) => existsSync(join(top, 'cgroup.controllers'))) ??
  '/sys/fs/cgroup'

/** By which a test drives the browser; on a PC the policy forbids it, until `allowDebugging` has taken that out. */
const debuggable = (port: number): string =>
  `export CHROMIUM_FLAGS="$CHROMIUM_FLAGS --remote-debugging-port=${port}"\n`
