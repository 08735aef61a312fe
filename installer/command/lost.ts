import { setTimeout as sleep } from 'node:timers/promises'
import {
  AdmissionregistrationV1Api,
  CoreV1Api,
  type KubeConfig,
  KubernetesObjectApi,
  type V1Node,
  type V1Pod,
} from '@kubernetes/client-node'
import type { Command } from 'commander'
import { type ClusterOptions, openCluster, withCluster } from '../../cli/cluster.ts'
import { UsageError } from '../../cli/errors.ts'
import { type DryRunOptions, withDryRun } from '../../cli/options.ts'
import { examplesText } from '../../cli/run.ts'
import type { Terminal } from '../../cli/terminal.ts'
import { unless } from '../../cluster/answer.ts'
import { BRICK, MASTER } from '../../config/labels.ts'
import { PC_PATTERN } from '../../config/names.ts'
import { type LostFacts, type LostStep, type PodOnIt, planLost } from './lost-plan.ts'
import { shutOut, shutOutName } from './shut-out.ts'

interface Options extends ClusterOptions, DryRunOptions {
  readonly althoughReady?: boolean
  readonly undo?: boolean
}

/** `deskfleet pc lost NAME`: a PC that was stolen counts no more. */
export function addPcCommands(program: Command, terminal: Terminal): void {
  const pc = program.command('pc').description('the PCs of the room')
  withDryRun(withCluster(pc.command('lost <name>'), 'PC'))
    .description(
      'a PC was stolen: its certificates count no more, what ran on it starts elsewhere, and what it knew is named',
    )
    .option('--although-ready', 'it is that one, although it speaks to the room')
    .option('--undo', 'let a PC of that name in again')
    .addHelpText(
      'after',
      examplesText([
        'deskfleet pc lost pc-7 --dry-run',
        'deskfleet pc lost pc-7',
        'deskfleet pc lost pc-7 --undo',
      ]),
    )
    .action((name: string, options: Options) => lost(terminal, name, options))
}

async function lost(terminal: Terminal, name: string, options: Options): Promise<void> {
  const { kubeconfig, undo = false, dryRun = false, althoughReady = false } = options
  if (!PC_PATTERN.test(name)) throw new UsageError(`a PC cannot be called ${name}: see kubectl get nodes`)
  const room = openRoom(openCluster(kubeconfig))
  const write = (line: string) => terminal.stdout.write(`${line}\n`)
  if (undo) {
    if (!dryRun) await room.letIn(name)
    write(`${name} may join again, as a new PC: docs/install.md${dryRun ? ' (dry run)' : ''}`)
    return
  }
  const facts = await room.factsOf(name, althoughReady)
  if (facts.node === undefined && facts.pods.length === 0 && !facts.shutOut)
    write(
      `the room has no Node ${name}: if a PC of that name ever was in it, its certificate is refused from now on`,
    )
  const plan = planLost(facts)
  if (!plan.ok) throw new Error(`${plan.refusal}: ${plan.mend}`)
  for (const step of plan.steps) {
    if (!dryRun) await room.does(step, facts)
    write(`${SAYS[step](facts)}${dryRun ? ' (dry run)' : ''}`)
  }
  if (plan.steps.length === 0) write(`${name} is out of the room already`)
  write('\nWhat is left to you, since somebody else may have it now:')
  for (const { what, mend } of plan.exposed) write(`- ${what}\n  ${mend}`)
}

const SAYS: Readonly<Record<LostStep, (facts: LostFacts) => string>> = {
  'shut-out': ({ name }) => `API servers refuse whatever the kubelet of ${name} asks them to change`,
  'delete-pods': ({ pods }) => `pods that ran on it start elsewhere: ${pods.length}`,
  'delete-node': ({ name, node }) =>
    `the Node ${name} is deleted: other PCs refuse it in the Gluster pool within two minutes${
      node?.brick ? ', and a spare takes the place of its brick ("npx deskfleet storage status")' : ''
    }`,
}

/** Looks at the room, and acts on it. */
function openRoom(cluster: KubeConfig) {
  const core = cluster.makeApiClient(CoreV1Api)
  const policies = cluster.makeApiClient(AdmissionregistrationV1Api)
  const objects = KubernetesObjectApi.makeApiClient(cluster)
  return {
    async factsOf(name: string, insists: boolean): Promise<LostFacts> {
      const [node, pods, binding] = await Promise.all([
        unless(404, () => core.readNode({ name })),
        core.listPodForAllNamespaces({ fieldSelector: `spec.nodeName=${name}` }),
        unless(404, () => policies.readValidatingAdmissionPolicyBinding({ name: shutOutName(name) })),
      ])
      return {
        name,
        node: node && nodeFacts(node),
        pods: pods.items.map(podFacts),
        shutOut: binding !== undefined,
        insists,
      }
    },
    async does(step: LostStep, { name, pods }: LostFacts): Promise<void> {
      if (step === 'shut-out') {
        const { policy, binding } = shutOut(name)
        // What was cut off half done is done anew.
        for (const object of [policy, binding]) await unless(409, () => objects.create(object))
      } else if (step === 'delete-pods') {
        for (const pod of pods)
          await unless(404, () =>
            core.deleteNamespacedPod({ name: pod.name, namespace: pod.namespace, gracePeriodSeconds: 0 }),
          )
      } else await untilGone(core, name)
    },
    async letIn(name: string): Promise<void> {
      const place = { name: shutOutName(name) }
      await unless(404, () => policies.deleteValidatingAdmissionPolicyBinding(place))
      await unless(404, () => policies.deleteValidatingAdmissionPolicy(place))
    },
  }
}

/** API servers take a policy up within seconds of each other: until all have, the kubelet may make its Node anew. */
async function untilGone(core: CoreV1Api, name: string): Promise<void> {
  let absent = 0
  for (let look = 0; look < 30 && absent < 3; look++) {
    await unless(404, () => core.deleteNode({ name }))
    const node = await unless(404, () => core.readNode({ name }))
    absent = node === undefined ? absent + 1 : 0
    await sleep(1_000)
  }
  if (absent < 3)
    throw new Error(
      `the Node ${name} comes back again and again, so its kubelet still reaches an API server that lets it: take its cable out, then this again`,
    )
}

const nodeFacts = ({ metadata, status }: V1Node): NonNullable<LostFacts['node']> => ({
  ready: (status?.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True'),
  master: metadata?.labels?.[MASTER] !== undefined,
  brick: metadata?.labels?.[BRICK] === 'true',
})

function podFacts({ metadata, spec }: V1Pod): PodOnIt {
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])]
  const names = [
    ...(spec?.volumes ?? []).flatMap(({ secret, projected }) => [
      secret?.secretName,
      ...(projected?.sources ?? []).map((source) => source.secret?.name),
    ]),
    ...(spec?.imagePullSecrets ?? []).map(({ name }) => name),
    ...containers.flatMap(({ env = [], envFrom = [] }) => [
      ...env.map(({ valueFrom }) => valueFrom?.secretKeyRef?.name),
      ...envFrom.map(({ secretRef }) => secretRef?.name),
    ]),
  ]
  return {
    namespace: metadata?.namespace ?? '',
    name: metadata?.name ?? '',
    secrets: names.filter((name) => name !== undefined),
  }
}
