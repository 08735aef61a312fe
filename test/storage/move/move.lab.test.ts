import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { KubeConfig } from '@kubernetes/client-node'
import test from 'ava'
import { pino } from 'pino'
import { NODE_FLAGS } from '../../../charts/kit/pods.ts'
import { ENTRY_UUID } from '../../../config/labels.ts'
import { NAMESPACES, STORAGE, STORAGE_MOVE } from '../../../config/names.ts'
import { type BareLab, up } from '../../../lab/bare/bare.ts'
import { applyFolder } from '../../../lab/manifests/apply.ts'
import { renderWith } from '../../../lab/manifests/render.ts'
import { freePorts } from '../../../lab/network/ports.ts'
import { mounterCluster } from '../../../storage/mounter/cluster.ts'
import { deskfleet, ROOM_IMAGE } from '../../harness/platform.ts'
import { becomes, eventually } from '../../harness/wait.ts'
import { uuidOf } from '../facts.ts'
import { furnish, give, likeness, tools } from './files.ts'

/** The programs that make and move homes, by their own accounts, with a real API server, real files, and the real rsync. */

const root = join(import.meta.dirname, '../../..')
let lab: BareLab
let top: string
let bin: string
const sides = { from: '', here: '' }
const accounts = new Map<string, string>()

test.before(async (t) => {
  t.timeout(300_000)
  bin = await tools()
  lab = await up({ name: `move-${process.pid}`, ownerPid: process.pid })
  top = mkdtempSync(join(tmpdir(), 'deskfleet-move-'))
  for (const side of ['from', 'here'] as const) {
    sides[side] = join(top, side)
    mkdirSync(sides[side])
  }
  mkdirSync(join(top, 'skel'))
  writeFileSync(join(top, 'skel/.profile'), 'umask 027\n')
  // A disk of its own, so that it can be full.
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'here', sides.here])
  const folder = join(lab.dir, 'dist')
  const from = { kind: 'path', path: '/srv/deskfleet' }
  renderWith(JSON.stringify({ storage: { kind: 'gluster', from } }), folder)
  for (const app of ['namespaces', 'identity', 'storage']) {
    const problems = await applyFolder(lab, `${folder}/${app}`)
    if (problems.length > 0) throw new Error(problems.join('\n'))
  }
  for (const account of [STORAGE.homes, STORAGE_MOVE.program])
    accounts.set(account, await lab.actAs(NAMESPACES.storage, account))
  // Who may make a pod is proved elsewhere; here it only has to be there.
  await kubectl(['delete', 'mutatingwebhookconfiguration', '--all'])
  for (const binding of ['deskfleet-identity-carried', 'deskfleet-locked-people'])
    await kubectl(['delete', 'validatingadmissionpolicybinding', binding])
})
test.after.always(async () => {
  await lab?.down()
  if (!top) return
  await eventually('the disk is free', () => {
    execFileSync('umount', [sides.here])
    return true
  }).catch(() => execFileSync('umount', ['--lazy', sides.here]))
  rmSync(top, { recursive: true, force: true })
})
test.afterEach.always((t) => {
  if (t.passed || lab === undefined) return
  for (const name of readdirSync(lab.dir).filter((one) => /^(homes|mover).*\.log$/.test(one)))
    t.log(name, readFileSync(join(lab.dir, name), 'utf8').split('\n').slice(-12).join('\n'))
})

async function kubectl(args: readonly string[], input?: object): Promise<string> {
  const { code, stdout, stderr } = await lab.run(args, input ? { input: JSON.stringify(input) } : {})
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`)
  return stdout
}

/** Resolves with the port at which it tells how it is. */
async function start(id: string, main: string, account: string, pod = id): Promise<number> {
  const [port = 0] = await freePorts(1)
  await lab.start(id, process.execPath, [...NODE_FLAGS, join(root, main)], {
    cwd: root,
    env: {
      PATH: `${bin}:${process.env.PATH}`,
      KUBECONFIG: accounts.get(account) ?? '',
      POD_NAME: pod,
      DESKFLEET_STORAGE: sides.here,
      DESKFLEET_FROM: sides.from,
      DESKFLEET_METRICS_LISTEN: `127.0.0.1:${port}`,
      ...(account === STORAGE.homes
        ? { DESKFLEET_SKELETON: join(top, 'skel') }
        : { DESKFLEET_LOOK_SECONDS: '0.3' }),
    },
  })
  return port
}
const startHomes = () => start('homes', 'storage/homes/main.ts', STORAGE.homes)
// The same name again, as when a container of a pod is started anew: its Lease is its own still.
const startMover = (id = 'mover', pod = 'mover') =>
  start(id, 'storage/move/main.ts', STORAGE_MOVE.program, pod)

const PEOPLE = { ada: 1, bob: 2, carl: 3, dora: 4 } as const
type Login = keyof typeof PEOPLE
const logins = Object.keys(PEOPLE) as Login[]
const home = (side: 'from' | 'here', login: Login) => join(sides[side], 'homes', uuidOf(PEOPLE[login]))

const publish = (login: Login) =>
  kubectl(['create', '-f', '-'], {
    apiVersion: 'deskfleet.io/v1alpha1',
    kind: 'Identity',
    metadata: { name: login },
    spec: {
      login,
      uid: 10_000 + PEOPLE[login],
      gid: 10_000,
      groups: [{ name: 'people', gid: 20_000 }],
      home: `/home/${login}`,
      shell: '/bin/bash',
      entryUUID: uuidOf(PEOPLE[login]),
    },
  })

const pod = (login: Login) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: `desktop-${login}`,
    namespace: NAMESPACES.desktops,
    annotations: { [ENTRY_UUID]: uuidOf(PEOPLE[login]) },
  },
  spec: {
    volumes: [
      { name: 'home', persistentVolumeClaim: { claimName: `home-${login}` } },
      { name: 'shared', persistentVolumeClaim: { claimName: 'shared' } },
    ],
    securityContext: { runAsNonRoot: true, runAsUser: 10_002, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'c',
        image: ROOM_IMAGE,
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  },
})
const login = (who: Login) =>
  eventually(`a pod of ${who}`, async () => {
    const made = await lab.run(['create', '-f', '-'], { input: JSON.stringify(pod(who)) })
    return made.code === 0
  })
const logout = (who: Login) =>
  kubectl(['-n', NAMESPACES.desktops, 'delete', 'pod', `desktop-${who}`, '--force', '--grace-period=0'])

const place = (name: string) =>
  kubectl([
    '-n',
    NAMESPACES.storage,
    'get',
    'homeplace',
    name,
    '-o',
    'jsonpath={.spec.side}{.spec.held.side}',
  ])
const placeOf = (who: Login) => place(uuidOf(PEOPLE[who]))
const ready = (who: Login) =>
  kubectl([
    ...['get', 'identity', who, '-o'],
    'jsonpath={.status.conditions[?(@.type=="HomeReady")].status} {.status.conditions[?(@.type=="HomeReady")].reason}',
  ])
const command = (...args: string[]) => deskfleet(lab, 'storage', 'move', ...args)
/** But for what the homes' own program and the person's desktop write. */
const like = (path: string): string[] => likeness(path, bin)

const rootOnly = process.getuid?.() === 0 ? test.serial : test.serial.skip
const before = new Map<string, string[]>()

rootOnly(
  'with both storages there, homes are made where they always were, and nothing is moved unasked',
  async (t) => {
    t.timeout(180_000)
    await startHomes()
    await eventually(
      'the first storage',
      () => existsSync(join(sides.here, '.deskfleet-storage')) || undefined,
      {
        seconds: 5,
      },
    ).catch(() => {})
    // The one that is left is an old one, which is there already.
    if (!existsSync(join(sides.from, '.deskfleet-storage'))) {
      for (const [name, mode] of [
        ['homes', 0o711],
        ['trash', 0o700],
        ['.making', 0o700],
      ] as const)
        mkdirSync(join(sides.from, name), { mode })
      writeFileSync(join(sides.from, '.deskfleet-storage'), '{}')
    }
    for (const who of logins) await publish(who)
    for (const who of logins) await becomes(`the home of ${who}`, () => ready(who), 'True Ready')
    const port = await startMover()
    const readiness = async (): Promise<number> => (await fetch(`http://127.0.0.1:${port}/readyz`)).status
    await becomes('the mover, as the kubelet sees it', readiness, 200, { seconds: 60 })
    for (const who of ['ada', 'bob'] as const) furnish(home('from', who), bin)
    rmSync(join(home('from', 'carl'), '.profile'))
    writeFileSync(join(home('from', 'dora'), 'film'), Buffer.alloc(40 << 20, 'film'))
    for (const who of logins) {
      execFileSync('chown', ['-hR', `${10_000 + PEOPLE[who]}:10000`, home('from', who)])
      execFileSync('chown', ['0:0', join(home('from', who), '.deskfleet-home')])
    }
    await eventually('the shared folder', () => existsSync(join(sides.from, 'shared')))
    writeFileSync(join(sides.from, 'shared/menu'), 'soup')
    mkdirSync(join(sides.from, 'trash/2026-01-01-eve-x'))
    writeFileSync(join(sides.from, 'trash/2026-01-01-eve-x/thesis'), 'work')
    for (const who of logins) before.set(who, like(home('from', who)))
    await sleep(2_000)
    for (const who of logins) t.is(await placeOf(who), 'from')
    t.deepEqual(readdirSync(join(sides.here, 'homes')), [])
    t.false(existsSync(join(sides.from, '.deskfleet-moving')))
    const dry = await command('--dry-run')
    t.is(dry.code, 0, dry.stderr)
    t.regex(dry.stdout, /5 of 5 homes and folders would be moved/)
  },
)

/** What the mounter of pc-1 sees, by its own account. */
async function asMounter() {
  const config = new KubeConfig()
  config.loadFromFile(await lab.actAs(NAMESPACES.storage, STORAGE.mounter))
  return mounterCluster(config, 'pc-1', pino({ level: 'silent' }))
}

rootOnly(
  'the mounter’s account hears when other PCs renewed their Leases, and nothing of its own',
  async (t) => {
    const cluster = await asMounter()
    const renew = async (name: string, second: number) => {
      const lease = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name, namespace: 'kube-node-lease' },
        spec: { holderIdentity: name, renewTime: `2026-01-01T00:00:0${second}.123456Z` },
      }
      await kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], lease)
    }
    try {
      for (const name of ['pc-1', 'pc-2']) await renew(name, 1)
      const heard = async () => [...(await cluster.heartbeats())].filter(([name]) => name.startsWith('pc-'))
      await becomes('the Lease', async () => JSON.stringify(await heard()), '[["pc-2","1767225601123"]]')
      await renew('pc-2', 2)
      await becomes('its renewal', async () => JSON.stringify(await heard()), '[["pc-2","1767225602123"]]')
      t.deepEqual(await cluster.usedOn('pc-2'), [])
    } finally {
      await cluster.stop()
    }
  },
)

rootOnly(
  'the mounter’s account is told where a home lies, and nothing of one that is held or unknown',
  async (t) => {
    const cluster = await asMounter()
    try {
      const name = uuidOf(PEOPLE.carl)
      t.is(await cluster.side(name), 'from')
      t.is(await cluster.side(uuidOf(99)), undefined)
      const patch = (held: object | null) =>
        kubectl([
          ...['-n', NAMESPACES.storage, 'patch', 'homeplace', name, '--type=merge'],
          ...['-p', JSON.stringify({ spec: { held } })],
        ])
      await lab.stop('mover', 'SIGKILL')
      await patch({ side: 'from', uid: 10_003, gid: 10_000 })
      t.is(await cluster.side(name), undefined)
      await becomes('the home of carl', () => ready('carl'), 'False Moving')
      // A hold that nobody wants any more is given back by the next mover.
      await startMover()
      await becomes('the record of carl', () => place(name), 'from')
      await becomes('the home of carl', () => ready('carl'), 'True Ready')
    } finally {
      await cluster.stop()
    }
  },
)

rootOnly('killed again and again, one works and one has no room: nobody loses a byte', async (t) => {
  t.timeout(400_000)
  await login('bob')
  await lab.stop('mover', 'SIGKILL')
  t.is((await command('--no-wait')).code, 0)
  const refused = await command('--finish')
  t.is(refused.code, 1)
  t.regex(refused.stderr, /not all homes have moved/)
  await startMover()
  let written = 0
  let kills = 0
  const works = (): void => {
    appendFileSync(join(home('from', 'bob'), 'diary'), `day ${written++}\n`)
    writeFileSync(join(home('from', 'bob'), `note ${written % 7}`), `${written}`)
  }
  // Each time a step after another one was begun.
  for (; kills < 25 && !(await moved('ada', 'carl')); kills++) {
    const steps = stepsOf('mover')
    await eventually('a step', () => stepsOf('mover') > steps, { seconds: 15, every: 10 }).catch(() => {})
    await sleep((kills * 37) % 200)
    works()
    await lab.stop('mover', 'SIGKILL')
    for (const who of logins) oneOpenAtMost(t, who)
    await startMover()
  }
  await eventually('those who are not there have moved', () => moved('ada', 'carl'), { seconds: 120 })
  t.log(`the mover was killed ${kills} times`)
  t.true(kills > 5)
  for (const who of ['ada', 'carl'] as const) {
    t.deepEqual(like(home('here', who)), before.get(who), who)
    await becomes(`the home of ${who}`, () => ready(who), 'True Ready')
    t.false(existsSync(home('from', who)))
    const kept = join(sides.from, 'moved', uuidOf(PEOPLE[who]))
    t.is(lstatSync(kept).uid, 0, 'nobody comes into the old one')
  }
  await eventually('it is said that there is no room', async () =>
    /is full/.test((await command('--status')).stdout),
  )
  works()
  t.is(await placeOf('bob'), 'from', 'whoever works stays where they are')
  t.is(await ready('bob'), 'True Ready')
  t.is(await ready('dora'), 'True Ready', 'whom there is no room for works on')
  t.is(lstatSync(home('from', 'dora')).uid, 10_004)
})

rootOnly(
  'with room again and nobody at work it goes on to the end: shared folder and trash too',
  async (t) => {
    t.timeout(400_000)
    execFileSync('mount', ['-o', 'remount,size=160m', sides.here])
    give(home('from', 'bob'))
    execFileSync('chown', ['-hR', '10002:10000', home('from', 'bob')])
    execFileSync('chown', ['0:0', join(home('from', 'bob'), '.deskfleet-home')])
    const bob = like(home('from', 'bob'))
    await lab.stop('mover', 'SIGKILL')
    await startMover()
    await eventually('dora has moved', () => moved('dora'), { seconds: 120 })
    t.is(await place('shared'), 'from', 'while somebody works the shared folder stays')
    await eventually('bob alone is waited for', async () =>
      /bob\s+in the directory\s+copied; waits until the desktop ends/.test(
        (await command('--status')).stdout,
      ),
    )
    await logout('bob')
    const all = await command()
    t.is(all.code, 0, all.stderr)
    t.deepEqual(like(home('here', 'bob')), bob)
    t.deepEqual(like(home('here', 'dora')), before.get('dora'))
    t.is(readFileSync(join(sides.here, 'shared/menu'), 'utf8'), 'soup')
    t.is((lstatSync(join(sides.here, 'shared')).mode & 0o7777).toString(8), '3770')
    t.is(lstatSync(join(sides.here, 'shared')).gid, 20_000)
    t.is(readFileSync(join(sides.here, 'trash/2026-01-01-eve-x/thesis'), 'utf8'), 'work')
    t.deepEqual(readdirSync(join(sides.from, 'homes')), [])
    t.is((await command('--status')).code, 0)
  },
)

rootOnly('back again, with two movers of which one dies, and over once more to the end', async (t) => {
  t.timeout(400_000)
  writeFileSync(join(home('here', 'ada'), 'new'), 'written on the new one')
  execFileSync('chown', ['10001:10000', join(home('here', 'ada'), 'new')])
  const ada = like(home('here', 'ada'))
  await startMover('mover-2', 'mover-2')
  t.is((await command('--back', '--no-wait')).code, 0)
  await sleep(1_500)
  await lab.stop('mover', 'SIGKILL')
  const back = await command('--back')
  t.is(back.code, 0, back.stderr)
  t.deepEqual(like(home('from', 'ada')), ada)
  for (const who of logins) await becomes(`the home of ${who}`, () => ready(who), 'True Ready')
  t.false(existsSync(join(sides.from, '.deskfleet-moving')), 'the directory may be used alone again')
  t.is((await command()).code, 0)
  t.deepEqual(like(home('here', 'ada')), ada)
  const finished = await command('--finish')
  t.is(finished.code, 0, finished.stderr)
  t.true(existsSync(join(sides.from, '.deskfleet-moved')))
  t.false(existsSync(join(sides.here, '.deskfleet-moving')))
  t.is((await command('--back')).code, 1)
  for (const who of logins)
    t.true(existsSync(join(sides.from, 'moved', uuidOf(PEOPLE[who]))), 'nothing is removed')
})

/** How many steps a mover of that name has logged. */
const stepsOf = (id: string): number =>
  readFileSync(join(lab.dir, `${id}.log`), 'utf8').split('a step of the move').length - 1

const moved = async (...who: Login[]): Promise<boolean> =>
  (await Promise.all(who.map(placeOf))).every((side) => side === 'here')

/** What must be so whenever a mover died. */
function oneOpenAtMost(t: { true(value: boolean, message: string): void }, who: Login): void {
  const open = (['from', 'here'] as const).filter((side) => {
    const path = home(side, who)
    return existsSync(path) && lstatSync(path).uid !== 0
  })
  t.true(open.length <= 1, `${who} has two places`)
}
