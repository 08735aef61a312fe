import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { addHollowNodes, addLdap } from './additions.ts'
import { attach, faultOf } from './attach.ts'
import type { BareLab } from './bare-lab.ts'
import { locate, type SetName } from './binaries.ts'
import { startControlPlane } from './control-plane.ts'
import { crdFolder } from './crds.ts'
import { makeCredentials } from './credentials.ts'
import { furnish } from './furnish.ts'
import { tryLock } from './lock.ts'
import { refuseName, runFolder, runsFolder } from './places.ts'
import { identify, isAlive, type ProcessIdentity } from './processes.ts'
import { changeRecord, createRecord, readRecord, runNames } from './record.ts'
import { endRun } from './run.ts'

export type { BareLab, RunOptions, RunResult, StartOptions } from './bare-lab.ts'

export interface UpOptions {
  readonly name: string
  /** How many hollow nodes the lab shall have (kubemark's kubelets); default 0. */
  readonly hollow?: number
  readonly ldap?: boolean
  /** The run ends with this process at the latest: the next `up` of any name clears it away. */
  readonly ownerPid?: number
  readonly progress?: (line: string) => void
}

/**
 * Starts a lab, or attaches to the healthy one of that name, and adds what is asked for and missing. A crashed one of
 * that name is cleared away first.
 *
 * @throws with a reason and a mend when the name is refused, another `up` of it is at work, or a part does not start;
 *   what was started until then is ended.
 */
export async function up(options: UpOptions): Promise<BareLab> {
  const refusal = refuseName(options.name)
  if (refusal) throw new Error(refusal)
  const progress = options.progress ?? (() => {})
  const lock = tryLock(join(runsFolder(), `${options.name}.lock`))
  if (!lock.held) {
    throw new Error(
      `another command (process ${lock.holder}) is at work on the lab "${options.name}": wait for it`,
    )
  }
  try {
    await clearOrphans(progress)
    const dir = runFolder(options.name)
    const fault = existsSync(dir) ? await faultOf(dir) : 'it does not exist'
    if (fault && existsSync(dir)) {
      progress(`clearing away the lab "${options.name}": ${fault}`)
      await endRun(dir)
    }
    if (fault) await begin(options, progress)
    else progress(`the lab "${options.name}" runs already`)
    await addHollowNodes(dir, options.hollow ?? 0, progress)
    if (options.ldap) await addLdap(dir, progress)
    return attachTo(dir)
  } finally {
    lock.release()
  }
}

/** Attaches to a running, healthy lab; undefined when there is none of that name. */
export async function open(name: string): Promise<BareLab | undefined> {
  const dir = runFolder(name)
  return existsSync(dir) && !(await faultOf(dir)) ? attachTo(dir) : undefined
}

/** Ends a run of that name, whatever state it is in. Resolves with false when there is none. */
export async function down(name: string): Promise<boolean> {
  const dir = runFolder(name)
  const lock = tryLock(join(runsFolder(), `${name}.lock`))
  if (!lock.held)
    throw new Error(`\`up\` (process ${lock.holder}) is at work on the lab "${name}": end that first`)
  try {
    if (!existsSync(dir)) return false
    await endRun(dir)
    return true
  } finally {
    lock.release()
  }
}

/** Ends a run that is not finished yet, for an `up` that is interrupted; a finished one stays. */
export async function abandon(name: string): Promise<void> {
  const dir = runFolder(name)
  if (existsSync(dir) && readRecord(dir)?.phase !== 'ready') await endRun(dir)
}

function attachTo(dir: string): BareLab {
  const record = readRecord(dir)
  if (!record) throw new Error(`the lab in ${dir} was ended meanwhile`)
  return attach(dir, record)
}

async function begin(options: UpOptions, progress: (line: string) => void): Promise<void> {
  const sets: SetName[] = ['etcd', 'control-plane']
  const binaries = await locate(sets, { assets: process.env.KUBEBUILDER_ASSETS, progress })
  const definitions = await crdFolder(undefined, progress)
  const binary = (name: string): string => binaries.get(name) ?? name
  const owner = options.ownerPid === undefined ? undefined : ownerOf(options.ownerPid)
  const dir = createRecord({
    name: options.name,
    phase: 'starting',
    createdAt: new Date().toISOString(),
    ...(owner ? { owner } : {}),
    kubectl: binary('kubectl'),
    processes: [],
  })
  try {
    mkdirSync(join(dir, 'tmp'), { mode: 0o700 })
    progress('starting etcd, API server, controller manager and scheduler')
    const credentials = await makeCredentials(dir)
    const server = await startControlPlane(dir, credentials, binary, progress)
    progress('installing the custom resource definitions of Argo CD and Flux')
    await furnish(dir, server, credentials, binary('kubectl'), definitions)
    await changeRecord(dir, (record) => ({ ...record, server, phase: 'ready' }))
  } catch (error) {
    await endRun(dir)
    throw error
  }
}

function ownerOf(pid: number): ProcessIdentity {
  const owner = identify(pid)
  if (!owner) throw new Error(`process ${pid}, which shall own the lab, does not run`)
  return owner
}

/** Ends the runs of tests that died without saying goodbye, except those that another command works on. */
export async function clearOrphans(progress: (line: string) => void): Promise<void> {
  for (const name of runNames()) {
    const owner = readRecord(join(runsFolder(), name))?.owner
    if (!owner || isAlive(owner)) continue
    const lock = tryLock(join(runsFolder(), `${name}.lock`))
    if (!lock.held) continue
    progress(`clearing away the lab "${name}": its owner, process ${owner.pid}, is gone`)
    await endRun(join(runsFolder(), name)).finally(lock.release)
  }
}
