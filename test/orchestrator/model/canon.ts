import type { Operation, Phase } from '../../../orchestrator/state.ts'
import { BEFORE, MEMBER, NEW_MEMBER, NOW, NOW_MS, OLD_MEMBER, type World, type WorldJob } from './world.ts'

/** The same world is written in the same way, so that it is looked at once. */

/** Operations, members and boots are counted up for ever; only the newest of each is told apart from those before. */
export function renamed(world: World): World {
  const { operation } = world.kept
  let text: string | undefined
  const rename = (from: string, to: string): void => {
    text = (text ?? JSON.stringify(world)).replaceAll(from, to)
  }
  if (operation !== undefined && operation.id !== NOW) {
    rename(NOW, BEFORE)
    rename(operation.id, NOW)
  }
  for (const [pc, { data }] of Object.entries(world.machines)) {
    const listed = world.members.find((one) => one.pc === pc)?.id
    if (listed !== `${pc}${MEMBER}` && data !== '' && data !== `${pc}${OLD_MEMBER}`)
      rename(`${pc}${MEMBER}`, `${pc}${OLD_MEMBER}`)
    if (listed === `${pc}${NEW_MEMBER}`) rename(`${pc}${NEW_MEMBER}`, `${pc}${MEMBER}`)
  }
  return text === undefined ? world : (JSON.parse(text) as World)
}

/** The job of each phase: how others ended matters no more. */
const JOB_OF: Partial<Record<Phase, WorldJob['step']>> = {
  Backup: 'backup',
  Preflight: 'preflight',
  Reboot: 'reboot',
  Mint: 'mint',
  Join: 'join',
  Verify: 'join',
  StopApi: 'stop-api',
  Demote: 'demote',
  CleanUp: 'demote',
}

function matters({ kept, runs }: World, { name, operation, step, state }: WorldJob): boolean {
  if (state === 'running') return true
  const isOfPhase = kept.operation !== undefined && JOB_OF[kept.operation.phase] === step
  // Whoever still wants to begin it would see that it is there.
  const isWanted = runs.some(({ effect }) => effect !== null && 'job' in effect && effect.job === name)
  return (isOfPhase && operation === NOW) || isWanted
}

const EPOCH = 1_000_000_000

function canonOf(operation: Operation, runs: World['runs']): Operation {
  const { heir, phase, crowning } = operation
  const ends = phase === 'Undo' || phase === 'CleanUp'
  return {
    ...operation,
    since: ends ? 0 : operation.since,
    tries: ends ? 0 : operation.tries,
    heir: heir && (!ends || crowning === 'begun') ? { ...heir, bootId: '0' } : undefined,
    // Nobody asks for it while every run begins anew.
    intent: runs.every(({ at }) => at === 'idle') ? undefined : operation.intent,
  }
}

/** The world as text. What no decision depends on any more is left out. It is changed on the way. */
export function textOf(world: World): string {
  const { kept, machines } = world
  const { operation } = kept
  const heir = operation?.heir
  const isOpen = operation !== undefined && operation.phase !== 'Undo'
  const forgotten = (id: string): string => (id === BEFORE ? '' : id)
  for (const [name, machine] of Object.entries(machines)) {
    const isBooted = heir?.name === name && isOpen && String(machine.boot) !== heir.bootId
    machine.boot = isBooted ? 1 : 0
    machine.plan = forgotten(machine.plan)
    if (machine.node) machine.node.warnedBy = isOpen ? forgotten(machine.node.warnedBy) : ''
  }
  const later = (time: number): number => Math.min(time, NOW_MS + 1)
  return JSON.stringify({
    ...world,
    jobs: world.jobs.filter((job) => matters(world, job)).sort((a, b) => (a.name < b.name ? -1 : 1)),
    reached: isOpen ? answersIn(world) : [],
    secrets: [...world.secrets].sort(),
    members: [...world.members].sort((a, b) => (a.pc < b.pc ? -1 : 1)),
    kept: {
      ...kept,
      epoch: EPOCH,
      deposed: [...kept.deposed].sort(),
      restUntil: later(kept.restUntil),
      stormUntil: later(kept.stormUntil),
      excluded: Object.fromEntries(
        Object.keys(kept.excluded)
          .sort()
          .map((name) => [name, { until: NOW_MS + 1, why: '' }]),
      ),
      operation: operation && canonOf(operation, world.runs),
    },
    runs: world.runs
      .map((run) => [JSON.stringify(run), run] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, run]) => run),
  })
}

/** Who asked does not matter, only what was said, of each round and master. */
const answersIn = ({ reached }: World): World['reached'] =>
  reached
    .filter(({ operation }) => operation === NOW)
    .sort((a, b) => a.round - b.round || (`${a.master}${a.from}` < `${b.master}${b.from}` ? -1 : 1))
