import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { NODE_FLAGS } from '../../charts/kit/pods.ts'
import { NAMESPACES, STORAGE } from '../../config/names.ts'
import { type BareLab, up } from '../../lab/bare/bare.ts'
import { applyFolder } from '../../lab/manifests/apply.ts'
import { renderWith } from '../../lab/manifests/render.ts'
import { freePorts } from '../../lab/network/ports.ts'
import { ROOM_IMAGE } from '../harness/platform.ts'
import { becomes, eventually } from '../harness/wait.ts'
import { uuidOf } from './facts.ts'

/** The program as it runs in the cluster: its own account, a real API server, controllers that bind real volumes. */

const root = join(import.meta.dirname, '../..')
let lab: BareLab
let top: string
let storage: string
let kubeconfig: string
const ports = new Map<string, number>()

test.before(async (t) => {
  t.timeout(300_000)
  lab = await up({ name: `homes-${process.pid}`, ownerPid: process.pid })
  top = mkdtempSync(join(tmpdir(), 'deskfleet-homes-'))
  storage = join(top, 'storage')
  mkdirSync(storage)
  mkdirSync(join(top, 'skel'))
  writeFileSync(join(top, 'skel/.profile'), 'umask 027\n')
  const folder = join(lab.dir, 'dist')
  renderWith(JSON.stringify({ storage: { kind: 'path', path: '/srv/deskfleet' } }), folder)
  for (const app of ['namespaces', 'identity', 'storage']) {
    const problems = await applyFolder(lab, `${folder}/${app}`)
    if (problems.length > 0) throw new Error(problems.join('\n'))
  }
  kubeconfig = await lab.actAs(NAMESPACES.storage, STORAGE.homes)
})
test.after.always(async () => {
  await lab?.down()
  if (top) rmSync(top, { recursive: true, force: true })
})

async function kubectl(args: readonly string[], input?: object): Promise<string> {
  const { code, stdout, stderr } = await lab.run(args, input ? { input: JSON.stringify(input) } : {})
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`)
  return stdout
}

async function start(id: string): Promise<void> {
  const [port = 0] = await freePorts(1)
  ports.set(id, port)
  await lab.start(id, process.execPath, [...NODE_FLAGS, join(root, 'storage/homes/main.ts')], {
    cwd: root,
    env: {
      KUBECONFIG: kubeconfig,
      POD_NAME: id,
      DESKFLEET_STORAGE: storage,
      DESKFLEET_SKELETON: join(top, 'skel'),
      DESKFLEET_TRASH_AFTER_SECONDS: '1',
      DESKFLEET_METRICS_LISTEN: `127.0.0.1:${port}`,
    },
  })
}

const publish = (slug: string, number: number, uid = 10_000 + number) =>
  kubectl(['create', '-f', '-'], {
    apiVersion: 'deskfleet.io/v1alpha1',
    kind: 'Identity',
    metadata: { name: slug },
    spec: {
      login: slug,
      uid,
      gid: 10_000,
      groups: [{ name: 'people', gid: 20_000 }],
      home: `/home/${slug}`,
      shell: '/bin/bash',
      entryUUID: uuidOf(number),
    },
  })

/** What the programs logged last: a wait that ends says no more than what it waited for. */
test.afterEach.always((t) => {
  if (t.passed || lab === undefined) return
  const logs = readdirSync(lab.dir).filter((name) => name.startsWith('homes-') && name.endsWith('.log'))
  for (const name of logs) t.log(readFileSync(join(lab.dir, name), 'utf8').split('\n').slice(-8).join('\n'))
})

const condition = async (slug: string): Promise<string> => {
  const path =
    '{.status.conditions[?(@.type=="HomeReady")].status} {.status.conditions[?(@.type=="HomeReady")].reason}'
  return await kubectl(['get', 'identity', slug, '-o', `jsonpath=${path}`])
}
const homeBecomes = (slug: string, wanted: string) =>
  becomes(`the condition HomeReady of ${slug}`, () => condition(slug), wanted, { seconds: 60 })
const gone = (...object: string[]) =>
  eventually(`${object.join(' ')} is gone`, async () => (await lab.run(['get', ...object])).code !== 0)
const inDesktops = ['-n', NAMESPACES.desktops]
const home = (number: number) => join(storage, 'homes', uuidOf(number))
const rootOnly = process.getuid?.() === 0 ? test.serial : test.serial.skip

rootOnly(
  'from an empty directory to homes whose volumes are bound, for everybody, two programs at once',
  async (t) => {
    await publish('ada', 1)
    await publish('bob', 2)
    await start('homes-one')
    await start('homes-two')
    await homeBecomes('ada', 'True Ready')
    await homeBecomes('bob', 'True Ready')
    t.deepEqual(readdirSync(join(storage, 'homes')).sort(), [uuidOf(1), uuidOf(2)])
    t.deepEqual(readdirSync(home(1)).sort(), ['.deskfleet', '.deskfleet-home', '.profile'])
    await eventually('shared is bound', async () => {
      const phase = await kubectl(['get', 'pvc', 'shared', ...inDesktops, '-o', 'jsonpath={.status.phase}'])
      return phase === 'Bound'
    })
    const claimRef = '{.spec.claimRef.namespace}/{.spec.claimRef.name} {.spec.hostPath.path}'
    t.is(
      await kubectl(['get', 'pv', 'deskfleet-home-ada', '-o', `jsonpath=${claimRef}`]),
      'desktops/home-ada /run/deskfleet/u/ada',
    )
  },
)

rootOnly('killed at any moment, it goes on: nobody is left half made', async (t) => {
  for (let number = 10; number < 30; number++) await publish(`p${number}`, number)
  for (const id of ['homes-one', 'homes-two', 'homes-one']) {
    await sleep(700)
    await lab.stop(id, 'SIGKILL')
    await start(id)
  }
  for (let number = 10; number < 30; number++) {
    await homeBecomes(`p${number}`, 'True Ready')
    t.deepEqual(readdirSync(home(number)).sort(), ['.deskfleet', '.deskfleet-home', '.profile'])
  }
})

rootOnly('a claim that was deleted is made anew and bound to the same volume', async (t) => {
  const uid = () =>
    kubectl(['get', 'pvc', 'home-bob', ...inDesktops, '-o', 'jsonpath={.metadata.uid} {.status.phase}'])
  const before = await uid()
  writeFileSync(join(home(2), 'thesis'), 'work')
  await kubectl(['delete', 'pvc', 'home-bob', ...inDesktops])
  await eventually('a new claim is bound', async () => {
    const now = await uid()
    return now !== before && now.endsWith(' Bound')
  })
  t.is(readFileSync(join(home(2), 'thesis'), 'utf8'), 'work')
})

rootOnly('a home of the wrong owner is not used, and what to do is said', async (t) => {
  mkdirSync(home(40), { mode: 0o700 })
  await publish('mallory', 40)
  await homeBecomes('mallory', 'False WrongOwner')
  t.regex(await kubectl(['get', 'identity', 'mallory', '-o', 'yaml']), /chown/)
  t.regex(await kubectl(['get', 'events', ...inDesktops, '-o', 'yaml']), /WrongOwner/)
})

rootOnly('a login removed and made anew, with the same uid, never sees the old home', async (t) => {
  writeFileSync(join(home(1), 'thesis'), 'of the former ada')
  await kubectl(['delete', 'identity', 'ada'])
  await publish('ada', 50, 10_001)
  await homeBecomes('ada', 'True Ready')
  t.deepEqual(readdirSync(home(50)).sort(), ['.deskfleet', '.deskfleet-home', '.profile'])
  const [trashed] = readdirSync(join(storage, 'trash'))
  t.regex(trashed ?? '', /^\d{4}-\d\d-\d\d-ada-/)
  t.is(readFileSync(join(storage, 'trash', trashed ?? '', 'thesis'), 'utf8'), 'of the former ada')
})

rootOnly(
  'a removed person’s home stays while a pod uses it, then goes to the trash with claim and volume',
  async (t) => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'user', namespace: NAMESPACES.desktops },
      spec: {
        // A pod that is bound to a PC protects its claim.
        volumes: [{ name: 'home', persistentVolumeClaim: { claimName: 'home-bob' } }],
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 10_002,
          seccompProfile: { type: 'RuntimeDefault' },
        },
        containers: [
          {
            name: 'c',
            image: ROOM_IMAGE,
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          },
        ],
      },
    }
    // Who may make this pod is proved elsewhere; here it only has to hold its claim.
    await kubectl(['delete', 'mutatingwebhookconfiguration', '--all'])
    for (const binding of ['deskfleet-identity-carried', 'deskfleet-locked-people'])
      await kubectl(['delete', 'validatingadmissionpolicybinding', binding])
    await eventually('the pod is taken', async () => {
      const made = await lab.run(['create', '-f', '-'], { input: JSON.stringify(pod) })
      return made.code === 0
    })
    await kubectl(
      ['create', '--raw', `/api/v1/namespaces/${NAMESPACES.desktops}/pods/user/binding`, '-f', '-'],
      {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: 'user' },
        target: { kind: 'Node', name: 'pc' },
      },
    )
    await kubectl(['delete', 'identity', 'bob'])
    await eventually('the claim is being deleted', async () => {
      const path = 'jsonpath={.metadata.deletionTimestamp}'
      return (await kubectl(['get', 'pvc', 'home-bob', ...inDesktops, '-o', path])) !== ''
    })
    await sleep(3_000)
    t.true(readdirSync(join(storage, 'homes')).includes(uuidOf(2)), 'a home in use stays')
    await kubectl(['delete', 'pod', 'user', ...inDesktops, '--force', '--grace-period=0'])
    await gone('pvc', 'home-bob', ...inDesktops)
    await gone('pv', 'deskfleet-home-bob')
    t.false(readdirSync(join(storage, 'homes')).includes(uuidOf(2)))
    t.true(readdirSync(join(storage, 'trash')).some((name) => name.endsWith(`-bob-${uuidOf(2)}`)))
  },
)

rootOnly('storage that is not mounted looks like no new room, and everything is back with it', async (t) => {
  renameSync(storage, join(top, 'elsewhere'))
  mkdirSync(storage)
  await homeBecomes('p10', 'False StorageNotThere')
  t.deepEqual(readdirSync(storage), [])
  rmSync(storage, { recursive: true })
  renameSync(join(top, 'elsewhere'), storage)
  await homeBecomes('p10', 'True Ready')
  const text = await (await fetch(`http://127.0.0.1:${ports.get('homes-one')}/metrics`)).text()
  t.regex(text, /deskfleet_homes_ready/)
})
