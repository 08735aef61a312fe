import { digestLine, type Identity } from '../../config/identity.ts'
import { PERSON } from '../../config/labels.ts'
import { IDENTITIES_CONFIG_MAP, LOCKED_PEOPLE, NAMESPACES } from '../../config/names.ts'
import { type BareLab, type RunResult, up } from '../../lab/bare/bare.ts'
import { applyFolder } from '../../lab/manifests/apply.ts'
import { renderWith } from '../../lab/manifests/render.ts'
import { decide } from '../../webhook/decide.ts'
import { ROOM_IMAGE } from '../harness/platform.ts'
import { becomes } from '../harness/wait.ts'
import { applied, callOf } from '../webhook/calls.ts'
import { known, person } from '../webhook/people.ts'

export const namespace = NAMESPACES.desktops

/** Whom the ConfigMap of identities knows. */
export const people: readonly Identity[] = [
  ...['ada', 'bob', 'grace-hopper--5d41402a'].map((slug) => person(slug)),
  inManyGroups(),
]

/** As many groups as an Identity may have: the proofs must not run out of the API server's patience. */
function inManyGroups(): Identity {
  const { spec } = person('ada')
  const groups = Array.from({ length: 1000 }, (_, index) => ({ name: `group-${index}`, gid: 20_000 + index }))
  return {
    metadata: { name: 'many' },
    spec: { ...spec, login: 'many', uid: 10_900, home: '/home/many', groups },
  }
}

/** A lab with the proofs and without any webhook: what is tried here came past it. */
export interface ProofLab {
  readonly lab: BareLab
  /** Runs kubectl, an object as its input; throws when it fails. */
  must(args: readonly string[], input?: object): Promise<string>
  /** Tries to create an object, by a dry run that the API server judges whole. */
  create(object: object, ...more: string[]): Promise<RunResult>
  /** Publishes who is who, as the identity sync would. */
  publish(): Promise<void>
}

export async function proofLab(): Promise<ProofLab> {
  const lab = await up({ name: `proofs-${process.pid}`, ownerPid: process.pid })
  const proofs: ProofLab = {
    lab,
    async must(args, input) {
      const given = input === undefined ? {} : { input: JSON.stringify(input) }
      const { code, stdout, stderr } = await lab.run(args, given)
      if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`)
      return stdout
    },
    create: (object, ...more) =>
      lab.run(['create', '--dry-run=server', '-f', '-', ...more], { input: JSON.stringify(object) }),
    async publish() {
      const data = Object.fromEntries(people.map(({ metadata, spec }) => [metadata.name, digestLine(spec)]))
      await proofs.must(['apply', '--server-side', '-f', '-'], {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: IDENTITIES_CONFIG_MAP, namespace: NAMESPACES.system },
        data,
      })
    },
  }
  const folder = `${lab.dir}/dist`
  renderWith('{}', folder)
  for (const app of ['namespaces', 'identity']) {
    const problems = await applyFolder(lab, `${folder}/${app}`)
    if (problems.length > 0) throw new Error(problems.join('\n'))
  }
  // PodSecurity, which refuses some of these first, is out of the way: the proofs must stand by themselves.
  await proofs.must([
    'label',
    'namespace',
    namespace,
    '--overwrite',
    'pod-security.kubernetes.io/enforce=privileged',
  ])
  await proofs.publish()
  // As the Job make-secrets makes it.
  const metadata = { name: LOCKED_PEOPLE, namespace: NAMESPACES.system }
  await proofs.must(['create', '-f', '-'], { apiVersion: 'v1', kind: 'ConfigMap', metadata })
  await acting(proofs)
  return proofs
}

/** Policies act a moment after they are taken: waits until a pod of nobody is refused, and one of ada is not. */
async function acting({ create }: ProofLab): Promise<void> {
  await becomes(
    'what the policies make of a wrong pod and an honest one',
    async () => {
      const [bad, good] = [await create(pod({ [PERSON]: 'nobody' })), await create(carrying('ada'))]
      if (bad.code === 0) return 'the wrong pod is taken'
      return good.code === 0 ? 'right' : `the honest pod is refused: ${good.stderr}`
    },
    'right',
    { seconds: 120, every: 500 },
  )
}

export const pod = (
  labels: Record<string, string>,
  spec: object = { containers: [{ name: 'c', image: ROOM_IMAGE }] },
) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'desktop', namespace, labels },
  spec,
})

/** The webhook's own decision, for the people here. */
export const decisionOn = (object: unknown) =>
  decide(callOf(object), {
    ...known,
    lookup: (slug) => people.find(({ metadata }) => metadata.name === slug),
  })

/** An object as its fields, to be changed at will. */
export type Tree = Record<string, unknown>

/** The pod as the webhook would have made it, ready to be spoiled. */
export function carrying(slug: string) {
  const plain = pod(
    { [PERSON]: slug },
    {
      initContainers: [{ name: 'i', image: ROOM_IMAGE }],
      containers: [{ name: 'c', image: ROOM_IMAGE }],
      volumes: [{ name: 'scratch', emptyDir: {} }],
    },
  )
  const made = structuredClone(applied(plain, decisionOn(plain)))
  const metadata: Tree = made.metadata
  return { ...made, metadata }
}
