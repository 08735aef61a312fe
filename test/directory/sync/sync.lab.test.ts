import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { KubeConfig } from '@kubernetes/client-node'
import test, { type ExecutionContext } from 'ava'
import { lead } from '../../../cluster/lease/lead.ts'
import { leaseStore } from '../../../cluster/lease/store.ts'
import {
  DIRECTORY_CHECKED,
  FIELD_MANAGERS,
  IDENTITIES_CONFIG_MAP,
  NAMESPACES,
} from '../../../config/names.ts'
import { apply } from '../../../directory/changes.ts'
import type { Directory } from '../../../directory/directory.ts'
import type { DirectoryFinding } from '../../../directory/findings.ts'
import { addPerson } from '../../../directory/people.ts'
import { clusterStore } from '../../../directory/sync/cluster.ts'
import { type Listener, synchronise } from '../../../directory/sync/synchronise.ts'
import { type BareLab, up } from '../../../lab/bare/bare.ts'
import { freePorts } from '../../../lab/network/ports.ts'
import { systemClock } from '../../../service/clock.ts'
import { defineIdentities } from '../../harness/definition.ts'
import { directoryOf, type OwnSlapd, ownSlapd } from '../../harness/slapd.ts'
import { eventually } from '../../harness/wait.ts'

/** The sync removes every Identity that its own directory does not know: it gets a lab of its own. */
let lab: BareLab
let slapd: OwnSlapd
let admin: Directory

test.before(async (t) => {
  t.timeout(300_000)
  lab = await up({ name: `sync-${process.pid}`, ownerPid: process.pid })
  await defineIdentities(lab)
  await kubectl(['create', 'namespace', NAMESPACES.system])
  slapd = await ownSlapd()
  admin = directoryOf(slapd.ldap, 'admin')
})
test.after.always(async () => {
  await admin?.close()
  await slapd?.down()
  await lab?.down()
})

async function kubectl(args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await lab.run(args, input === undefined ? {} : { input })
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`)
  return stdout
}

function config(): KubeConfig {
  const kube = new KubeConfig()
  kube.loadFromFile(lab.kubeconfig)
  return kube
}

const unreadable = ({ name }: { name: string }): never => {
  throw new Error(`the Identity ${name} cannot be read`)
}

const digest = async (): Promise<Record<string, string> | undefined> =>
  (await clusterStore(config(), unreadable).readDigest())?.lines

/** A sync in this process, faster than in earnest. */
function syncing(
  t: ExecutionContext,
  rhythm: { delta: number; full: number; told?: number } = { delta: 100, full: 400 },
) {
  const ending = new AbortController()
  const findings = new Map<string, DirectoryFinding>()
  const troubles: string[] = []
  const listener: Listener = {
    passed: (pass) => {
      for (const one of pass.findings) findings.set(one.reason, one)
    },
    directoryFailed: (error) => void troubles.push(error.problem),
    clusterFailed: (error) => void troubles.push(error.message),
  }
  const directory = directoryOf(slapd.ldap, 'reader')
  const done = synchronise(
    { directory, store: clusterStore(config(), unreadable), clock: systemClock, listener, rhythm },
    ending.signal,
  )
  const stop = async (): Promise<void> => {
    ending.abort()
    await done
    await directory.close()
  }
  t.teardown(stop)
  return { stop, findings, troubles }
}

const add = (login: string): Promise<number> =>
  addPerson(admin, { login, name: login, groups: [], shell: '/bin/bash', password: 'correct horse battery' })
const remove = (login: string): Promise<void> =>
  admin.use('removing', (client) => client.del(`uid=${login},ou=people,${slapd.ldap.baseDN}`))
const renumber = (login: string, from: number, to: number): Promise<void> =>
  admin.use('renumbering', (client) =>
    apply(client, {
      kind: 'modify',
      dn: `uid=${login},ou=people,${slapd.ldap.baseDN}`,
      edits: [
        { operation: 'delete', attribute: 'uidNumber', values: [`${from}`] },
        { operation: 'add', attribute: 'uidNumber', values: [`${to}`] },
      ],
    }),
  )
const published = async (login: string): Promise<boolean> => {
  const jsonpath = '{.status.conditions[?(@.type=="Published")].status}'
  const { stdout } = await lab.run(['get', 'identity', login, '-o', `jsonpath=${jsonpath}`])
  return stdout === 'True' && (await digest())?.[login] !== undefined
}

test.serial('an empty directory is published as empty', async (t) => {
  const sync = syncing(t)
  t.deepEqual(await eventually('the digest', digest), {})
  await sync.stop()
})

test.serial(
  'somebody new is usable, with Identity, line and condition; storage keeps its own condition',
  async (t) => {
    const sync = syncing(t, { delta: 100, full: 60_000 })
    const uid = await add('ada')
    await eventually('ada', () => published('ada'))
    t.is((await digest())?.ada, `${uid}|10000||ada`)
    const ready = {
      type: 'HomeReady',
      status: 'True',
      reason: 'Made',
      message: '',
      lastTransitionTime: '2026-11-23T00:00:00Z',
    }
    const status = {
      apiVersion: 'deskfleet.io/v1alpha1',
      kind: 'Identity',
      metadata: { name: 'ada' },
      status: { conditions: [ready] },
    }
    const apply = ['apply', '--server-side', '--subresource=status', '--field-manager=storage', '-f', '-']
    await kubectl(apply, JSON.stringify(status))
    const teachers = `cn=administrators,ou=groups,${slapd.ldap.baseDN}`
    const { apply: change } = await import('../../../directory/changes.ts')
    const values = [`uid=ada,ou=people,${slapd.ldap.baseDN}`]
    await admin.use('joining', (client) =>
      change(client, {
        kind: 'modify',
        dn: teachers,
        edits: [{ operation: 'add', attribute: 'member', values }],
      }),
    )
    await eventually('the new group', async () => (await digest())?.ada === `${uid}|10000|10001|ada`)
    await eventually('the condition for the new spec', async () => {
      const found = JSON.parse(await kubectl(['get', 'identity', 'ada', '-o', 'json']))
      const one = found.status.conditions.find(
        (condition: { type: string }) => condition.type === 'Published',
      )
      // How many writes it took is not said here: a new person's entry is there before its password is.
      return found.spec.groups.length === 2 && one.observedGeneration === found.metadata.generation
    })
    const conditions = await kubectl([
      'get',
      'identity',
      'ada',
      '-o',
      'jsonpath={.status.conditions[*].type}',
    ])
    t.deepEqual(conditions.split(' ').sort(), ['HomeReady', 'Published'])
    await sync.stop()
  },
)

test.serial('whoever is renamed keeps every group, at every moment', async (t) => {
  const sync = syncing(t, { delta: 100, full: 60_000 })
  await add('renamed-a')
  const dn = `uid=renamed-a,ou=people,${slapd.ldap.baseDN}`
  const { apply: change } = await import('../../../directory/changes.ts')
  await admin.use('joining', (client) =>
    change(client, {
      kind: 'modify',
      dn: `cn=administrators,ou=groups,${slapd.ldap.baseDN}`,
      edits: [{ operation: 'add', attribute: 'member', values: [dn] }],
    }),
  )
  const groupsOf = async (login: string): Promise<string | undefined> => {
    const jsonpath = 'jsonpath={.spec.groups[*].name}'
    const { code, stdout } = await lab.run(['get', 'identity', login, '-o', jsonpath])
    return code === 0 ? stdout : undefined
  }
  await eventually('both groups', async () => (await groupsOf('renamed-a')) === 'people administrators')
  await admin.use('renaming', (client) => client.modifyDN(dn, `uid=renamed-b,ou=people,${slapd.ldap.baseDN}`))
  await eventually('the new name', () => published('renamed-b'))
  const until = Date.now() + 3_000
  while (Date.now() < until) t.is(await groupsOf('renamed-b'), 'people administrators')
  await sync.stop()
  await remove('renamed-b')
  const complete = syncing(t)
  await eventually('the removal', async () => (await digest())?.['renamed-b'] === undefined)
  await eventually('the Identity', async () => !(await kubectl(['get', 'identities'])).includes('renamed'))
  await complete.stop()
})

test.serial('a digest that somebody edits or removes is put right', async (t) => {
  const sync = syncing(t, { delta: 100, full: 60_000 })
  const before = await eventually('the digest', digest)
  await sleep(500)
  const patch = ['patch', 'configmap', '-n', NAMESPACES.system, IDENTITIES_CONFIG_MAP, '--type=merge', '-p']
  await kubectl([...patch, '{"data":{"ada":"0|0||root","evil":"10000|10000||evil"}}'])
  await eventually('the mending', async () => JSON.stringify(await digest()) === JSON.stringify(before))
  await kubectl(['delete', 'configmap', '-n', NAMESPACES.system, IDENTITIES_CONFIG_MAP])
  t.deepEqual(await eventually('the digest', digest), before)
  await sync.stop()
})

test.serial('a digest that nobody changed is not read whole again; one that somebody did is', async (t) => {
  const store = clusterStore(config(), unreadable)
  const first = await store.readDigest()
  t.truthy(first)
  t.is(await store.readDigest(first), first)
  const object = ['configmap', '-n', NAMESPACES.system, IDENTITIES_CONFIG_MAP]
  await kubectl(['annotate', ...object, 'test=changed'])
  const second = await store.readDigest(first)
  t.not(second?.version, first?.version)
  t.deepEqual(second?.lines, first?.lines)
})

test.serial('a directory that dies takes nobody with it, and goes on when it is back', async (t) => {
  const sync = syncing(t)
  await sleep(600)
  await slapd.stop('SIGKILL')
  await eventually('the trouble', async () => sync.troubles.includes('unreachable'))
  await sleep(1_000)
  t.truthy((await digest())?.ada)
  await slapd.start()
  await add('grace')
  await eventually('grace', () => published('grace'))
  await sync.stop()
})

test.serial(
  'a new entry under an old login and number is refused until an administrator lets the old one go',
  async (t) => {
    const sync = syncing(t)
    await sync.stop()
    const before = (await digest())?.grace
    await remove('grace')
    await renumber('grace', await add('grace'), Number(before?.split('|')[0]))
    const again = syncing(t)
    await eventually('the refusal', async () => again.findings.has('EntryReplaced'))
    t.is((await digest())?.grace, before)
    const entry = async () => await kubectl(['get', 'identity', 'grace', '-o', 'jsonpath={.spec.entryUUID}'])
    const former = await entry()
    await kubectl(['delete', 'identity', 'grace'])
    await eventually('the new one', async () => (await published('grace')) && (await entry()) !== former)
    await again.stop()
  },
)

test.serial('somebody new who got an old login while nobody looked is known by themselves', async (t) => {
  const sync = syncing(t)
  await sync.stop()
  const before = (await digest())?.grace
  await remove('grace')
  await add('grace')
  const again = syncing(t)
  await eventually(
    'the new one',
    async () => (await digest())?.grace !== before && (await published('grace')),
  )
  t.false(again.findings.has('EntryReplaced'))
  await again.stop()
})

test.serial('most people gone at once: believed at the second complete pass, not before', async (t) => {
  const sync = syncing(t)
  const crowd = Array.from({ length: 8 }, (_, n) => `crowd${n}`)
  for (const login of crowd) await add(login)
  await eventually('all', async () => Object.keys((await digest()) ?? {}).length === 10)
  await sync.stop()
  for (const login of crowd) await remove(login)
  const slow = syncing(t, { delta: 100, full: 5_000 })
  await eventually('the suspicion', async () => slow.findings.has('ManyVanished'))
  await sleep(500)
  t.is(Object.keys((await digest()) ?? {}).length, 10)
  await eventually('the removal', async () => Object.keys((await digest()) ?? {}).length === 2)
  await eventually('the Identities', async () => !(await kubectl(['get', 'identities'])).includes('crowd'))
  await slow.stop()
})

test.serial(
  'the cluster is told when everybody was read: again and again, and not while slapd is away',
  async (t) => {
    const { configMap, key } = DIRECTORY_CHECKED
    const get = ['get', 'configmap', '-n', NAMESPACES.system, configMap, '-o', `jsonpath={.data.${key}}`]
    const told = async () => Date.parse(await kubectl(get))
    const sync = syncing(t, { delta: 100, full: 200, told: 300 })
    const before = await told()
    await eventually('it is told anew', async () => (await told()) > before)
    await slapd.stop('SIGKILL')
    await eventually('the trouble', async () => sync.troubles.includes('unreachable'))
    const last = await told()
    await sleep(2_000)
    t.is(await told(), last)
    await slapd.start()
    await eventually('it is told again', async () => (await told()) > last)
    await sync.stop()
  },
)

test.serial('of two syncs one acts, and the other goes on when it stops', async (t) => {
  const timing = { duration: 8_000, deadline: 6_000, retry: 200 }
  const acting: string[] = []
  const candidate = (me: string) => {
    const ending = new AbortController()
    const store = leaseStore(config(), NAMESPACES.system, 'sync-test')
    const done = lead({ store, me, clock: systemClock, signal: ending.signal, timing }, async (tenure) => {
      acting.push(`${me} on`)
      await once(tenure, 'abort')
      acting.push(`${me} off`)
    })
    return { done, stop: () => ending.abort() }
  }
  const [a, b] = [candidate('a'), candidate('b')]
  await eventually('a leader', async () => acting.length > 0)
  await sleep(9_000)
  t.is(acting.length, 1)
  const [first, second, other] = acting[0] === 'a on' ? [a, b, 'b'] : [b, a, 'a']
  first.stop()
  await first.done
  await eventually('the other', async () => acting.at(-1) === `${other} on`)
  t.is(acting.length, 3)
  second.stop()
  await second.done
})

test.serial('the program itself: ready, measured, and gone politely with its Lease given back', async (t) => {
  const [port] = await freePorts(1)
  const { ldap } = slapd
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../../directory/sync/main.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      KUBECONFIG: lab.kubeconfig,
      DESKFLEET_LDAP_URL: ldap.url,
      DESKFLEET_LDAP_BASE_DN: ldap.baseDN,
      DESKFLEET_LDAP_BIND_DN: ldap.readerDN,
      DESKFLEET_LDAP_PASSWORD_FILE: ldap.readerPasswordFile,
      DESKFLEET_LDAP_CA_FILE: ldap.caFile,
      DESKFLEET_METRICS_LISTEN: `127.0.0.1:${port}`,
    },
  })
  t.teardown(() => child.kill('SIGKILL'))
  child.stdout.setEncoding('utf8').on('data', (lines: string) => t.log(lines))
  const ended = once(child, 'exit')
  await eventually('metrics', async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    return /^deskfleet_identities_published 2$/m.test(metrics)
  })
  t.is((await fetch(`http://127.0.0.1:${port}/readyz`)).status, 200)
  child.kill('SIGTERM')
  t.deepEqual(await ended, [0, null])
  const lease = [
    'get',
    'lease',
    '-n',
    NAMESPACES.system,
    'identity-sync',
    '-o',
    'jsonpath={.spec.holderIdentity}',
  ]
  t.is(await kubectl(lease), '')
  const fields = await kubectl(['get', 'identity', 'ada', '-o', 'json', '--show-managed-fields'])
  t.true(fields.includes(FIELD_MANAGERS.identitySync))
})
