import test from 'ava'
import fc from 'fast-check'
import { GROUP, PASSWD, PERSON } from '../../config/labels.ts'
import { belongingsOf } from '../../desktop/belongings.ts'
import { applied, decideOn } from './calls.ts'
import { people, person } from './people.ts'

const fit = [...people.keys()].filter((slug) => slug !== 'dora')

const name = fc.stringMatching(/^[a-z]{1,8}$/)
/** Fields that may be there and that no rule reads, with members whose keys a JSON pointer must escape. */
const unread = {
  container: fc.record(
    { tty: fc.boolean(), args: fc.array(fc.string(), { maxLength: 2 }), lifecycle: fc.constant({}) },
    { requiredKeys: [] },
  ),
  pod: fc.record(
    {
      nodeSelector: fc.dictionary(fc.constantFrom('new~key', 'a/b', 'later', ''), fc.string(), {
        maxKeys: 3,
      }),
      subdomain: name,
      affinity: fc.constant({ nodeAffinity: {} }),
    },
    { requiredKeys: [] },
  ),
}
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })

const env = fc.uniqueArray(
  fc.record({ name: fc.stringMatching(/^X_[A-Z]{1,6}$/), value: fc.string() }, { requiredKeys: ['name'] }),
  { selector: (one) => one.name, maxLength: 4 },
)
const mounts = fc.uniqueArray(
  fc.record({ name: fc.constant('scratch'), mountPath: fc.stringMatching(/^\/(srv|opt|var)\/[a-z]{1,5}$/) }),
  { selector: (one) => one.mountPath, maxLength: 3 },
)
const security = fc.record(
  {
    allowPrivilegeEscalation: fc.constant(false),
    readOnlyRootFilesystem: fc.boolean(),
    capabilities: fc.record(
      { drop: fc.subarray(['ALL', 'KILL', 'CHOWN']), add: fc.subarray(['NET_BIND_SERVICE']) },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
)
const container = fc
  .record({
    name,
    image: name,
    env: optional(env),
    volumeMounts: optional(mounts),
    securityContext: optional(security),
    extra: unread.container,
  })
  .map(({ extra, ...rest }) => ({ ...extra, ...rest }))
const containers = (minLength: number) =>
  fc.uniqueArray(container, { selector: (one) => one.name, minLength, maxLength: 4 })
const volumes = fc.uniqueArray(
  fc.record({ name: fc.stringMatching(/^v-[a-z]{1,5}$/) }).map(({ name }) => ({ name, emptyDir: {} })),
  { selector: (one) => one.name, maxLength: 3 },
)

/** Pods without conflicts, of anybody who can have one. */
const pod = fc
  .record({
    slug: fc.constantFrom(...fit),
    labels: fc.dictionary(name, name, { maxKeys: 3 }),
    annotations: optional(fc.dictionary(fc.constantFrom('a/b', 'c~d', 'e'), fc.string(), { maxKeys: 3 })),
    containers: containers(1),
    initContainers: optional(containers(0)),
    volumes: optional(volumes),
    securityContext: optional(fc.record({ fsGroupChangePolicy: name }, { requiredKeys: [] })),
    extra: unread.pod,
  })
  .map(({ slug, labels, annotations, extra, ...spec }) =>
    // As JSON has it: no member is undefined.
    JSON.parse(
      JSON.stringify({
        metadata: { generateName: 'p-', labels: { ...labels, [PERSON]: slug }, annotations },
        spec: { ...extra, ...spec, volumes: [{ name: 'scratch', emptyDir: {} }, ...(spec.volumes ?? [])] },
      }),
    ),
  )

test('a second call adds nothing, and the patch is lawful for another library', (t) => {
  fc.assert(
    fc.property(pod, (given) => {
      const after = applied(given, decideOn(given))
      return decideOn(given).result === 'patched' && decideOn(after).result === 'untouched'
    }),
  )
  t.pass()
})

test('the result has every belonging', (t) => {
  fc.assert(
    fc.property(pod, (given) => {
      const after = applied(given, decideOn(given))
      const made = belongingsOf(person(given.metadata.labels[PERSON]))
      if ('unfit' in made) throw new Error('unfit')
      const own = made.belongings
      const { supplementalGroups, ...context } = own.podSecurityContext
      const groups = supplementalGroups.length > 0 ? { supplementalGroups } : {}
      t.like(after.spec.securityContext, { ...context, ...groups })
      t.is(after.metadata.annotations[PASSWD], own.annotations[PASSWD])
      t.is(after.metadata.annotations[GROUP], own.annotations[GROUP])
      for (const volume of own.volumes) t.true(has(after.spec.volumes, volume))
      for (const one of [...after.spec.containers, ...(after.spec.initContainers ?? [])]) {
        for (const mount of own.mounts) t.true(has(one.volumeMounts, mount))
        for (const variable of own.env) t.true(has(one.env, variable))
        t.is(one.securityContext.allowPrivilegeEscalation, false)
        t.true(one.securityContext.capabilities.drop.includes('ALL'))
      }
    }),
  )
})

const has = (list: unknown[], wanted: unknown): boolean =>
  list.some((one) => JSON.stringify(one) === JSON.stringify(wanted))

test('nothing that was there is changed, lost, or moved among its like', (t) => {
  fc.assert(
    fc.property(pod, (given) => {
      keeps(applied(given, decideOn(given)), given, '')
    }),
  )
  t.pass()
})

/** Every member of `before` is in `after`; lists begin with what they were, variables end with it. */
function keeps(after: unknown, before: unknown, path: string): void {
  if (typeof before !== 'object' || before === null) {
    if (after !== before) throw new Error(`${path} was ${before} and is ${after}`)
    return
  }
  if (typeof after !== 'object' || after === null) throw new Error(`${path} is lost`)
  const ahead =
    path.endsWith('/env') && Array.isArray(after) && Array.isArray(before) ? after.length - before.length : 0
  for (const [key, value] of Object.entries(before)) {
    const at = ahead > 0 ? Number(key) + ahead : key
    keeps(Reflect.get(after, at), value, `${path}/${at}`)
  }
}

test('the order of containers, volumes and labels means nothing', (t) => {
  fc.assert(
    fc.property(pod, (given) => {
      const turned = structuredClone(given)
      turned.spec.containers.reverse()
      turned.spec.volumes.reverse()
      turned.metadata.labels = Object.fromEntries(Object.entries(given.metadata.labels).reverse())
      const [one, other] = [applied(given, decideOn(given)), applied(turned, decideOn(turned))]
      const sorted = (list: { name: string }[]) => list.toSorted((a, b) => (a.name < b.name ? -1 : 1))
      t.deepEqual(sorted(other.spec.containers), sorted(one.spec.containers))
      t.deepEqual(sorted(other.spec.volumes), sorted(one.spec.volumes))
      t.deepEqual(other.spec.securityContext, one.spec.securityContext)
      t.deepEqual(other.metadata, one.metadata)
    }),
  )
})

/** One field of a good pod, changed to what no person's pod may say. `at` picks a container, init ones too. */
const mutants: Record<
  string,
  (pod: ReturnType<typeof JSON.parse>, at: ReturnType<typeof JSON.parse>) => void
> = {
  'uid of the pod': (pod) => Object.assign(pod.spec.securityContext, { runAsUser: 10_099 }),
  'gid of the pod': (pod) => Object.assign(pod.spec.securityContext, { runAsGroup: 0 }),
  'root allowed': (pod) => Object.assign(pod.spec.securityContext, { runAsNonRoot: false }),
  'a group more': (pod) =>
    Object.assign(pod.spec.securityContext, {
      supplementalGroups: [...(pod.spec.securityContext.supplementalGroups ?? []), 27],
    }),
  'merged groups': (pod) => Object.assign(pod.spec.securityContext, { supplementalGroupsPolicy: 'Merge' }),
  fsGroup: (pod) => Object.assign(pod.spec.securityContext, { fsGroup: 1 }),
  'seccomp of the pod': (pod) =>
    Object.assign(pod.spec.securityContext, { seccompProfile: { type: 'Unconfined' } }),
  hostNetwork: (pod) => Object.assign(pod.spec, { hostNetwork: true }),
  hostPID: (pod) => Object.assign(pod.spec, { hostPID: true }),
  hostIPC: (pod) => Object.assign(pod.spec, { hostIPC: true }),
  nodeName: (pod) => Object.assign(pod.spec, { nodeName: 'pc-01' }),
  'a path of the PC': (pod) => pod.spec.volumes.push({ name: 'x', hostPath: { path: '/' } }),
  "another's home": (pod) =>
    pod.spec.volumes.push({ name: 'x', persistentVolumeClaim: { claimName: 'home-eve' } }),
  "another's Secret": (pod) => pod.spec.volumes.push({ name: 'x', secret: { secretName: 'desktop-eve' } }),
  'the home replaced': (pod) =>
    Object.assign(
      pod.spec.volumes.find((one: { name: string }) => one.name === 'home'),
      { persistentVolumeClaim: { claimName: 'shared' } },
    ),
  'the account files replaced': (pod) =>
    Object.assign(
      pod.spec.volumes.find((one: { name: string }) => one.name === 'identity'),
      { downwardAPI: { items: [] } },
    ),
  'passwd text': (pod) => Object.assign(pod.metadata.annotations, { [PASSWD]: 'root::0:0:::' }),
  'group text': (pod) => Object.assign(pod.metadata.annotations, { [GROUP]: 'sudo:x:27:' }),
  'the label': (pod) => Object.assign(pod.metadata.labels, { [PERSON]: 'eve' }),
  'uid of a container': (_, at) => Object.assign(at.securityContext, { runAsUser: 0 }),
  'gid of a container': (_, at) => Object.assign(at.securityContext, { runAsGroup: 0 }),
  privileged: (_, at) => Object.assign(at.securityContext, { privileged: true }),
  escalation: (_, at) => Object.assign(at.securityContext, { allowPrivilegeEscalation: true }),
  'a capability': (_, at) => Object.assign(at.securityContext.capabilities, { add: ['SYS_PTRACE'] }),
  HOME: (_, at) =>
    Object.assign(
      at.env.find((one: { name: string }) => one.name === 'HOME'),
      { value: '/tmp' },
    ),
  'a second USER': (_, at) => at.env.push({ name: 'USER', value: 'eve' }),
  'the home moved': (_, at) =>
    Object.assign(
      at.volumeMounts.find((one: { name: string }) => one.name === 'home'),
      { mountPath: '/home/x' },
    ),
  'a part of the home': (_, at) =>
    Object.assign(
      at.volumeMounts.find((one: { name: string }) => one.name === 'home'),
      { subPath: 'x' },
    ),
  'propagation dropped': (_, at) =>
    delete at.volumeMounts.find((one: { name: string }) => one.name === 'shared').mountPropagation,
  'a mount over /etc': (_, at) => at.volumeMounts.push({ name: 'scratch', mountPath: '/etc' }),
}

for (const [what, mutate] of Object.entries(mutants)) {
  test(`a mutant is refused: ${what}`, (t) => {
    fc.assert(
      fc.property(pod, fc.nat(), (given, pick) => {
        const mutant = applied(given, decideOn(given))
        const all = [...mutant.spec.containers, ...(mutant.spec.initContainers ?? [])]
        mutate(mutant, all[pick % all.length])
        return decideOn(mutant).result === 'refused'
      }),
      { numRuns: 30 },
    )
    t.pass()
  })
}

test('no pod of any shape makes it stumble, and none passes without a person', (t) => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (given) => decideOn(given).result === 'refused'),
    { numRuns: 500 },
  )
  t.pass()
})
