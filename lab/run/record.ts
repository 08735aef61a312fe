import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { lock } from './lock.ts'
import { runFolder, runsFolder } from './places.ts'
import { ProcessIdentity } from './processes.ts'

/** One process of a run. Without `process` it was about to be started when the record was last written. */
const Started = z.object({
  id: z.string(),
  command: z.string(),
  args: z.array(z.string()),
  log: z.string(),
  /** Started through the typed API by a test or a demo: its death does not make the lab a crashed one. */
  guest: z.boolean(),
  process: ProcessIdentity.optional(),
})
export type Started = Readonly<z.infer<typeof Started>>

const Ldap = z.object({
  url: z.string(),
  caFile: z.string(),
  baseDN: z.string(),
  adminDN: z.string(),
  adminPasswordFile: z.string(),
  readerDN: z.string(),
  readerPasswordFile: z.string(),
})

/** What the end of a run puts right on the machine itself, beside its processes and its folder. */
export const Undo = z.enum(['cgroups', 'machine-settings'])
export type Undo = z.infer<typeof Undo>

/** In which order the processes of a run end, by id; whoever is in neither list ends between the two. */
const Ending = z.object({
  /** Ended at once by SIGKILL: what runs inside of them ends with them, and needs no goodbye. */
  killedFirst: z.array(z.string()).readonly(),
  /** Ended one after the other, once the rest is gone. */
  endedLast: z.array(z.string()).readonly(),
})
export type Ending = Readonly<z.infer<typeof Ending>>

/** Everything that a later command must know to use, judge or end a run. Holds no secret. */
const RunRecord = z.object({
  name: z.string(),
  /** Name of its kind: `lab`, `room`, … */
  kind: z.string(),
  phase: z.enum(['starting', 'ready']),
  createdAt: z.iso.datetime(),
  /** The run belongs to this process (a test's) and is ended by the next `up` of any name once it is dead. */
  owner: ProcessIdentity.optional(),
  /** `https://127.0.0.1:PORT` of the API server, once its port is chosen. */
  server: z.string().optional(),
  /** Path of the kubectl that fits the API server, once it is known. */
  kubectl: z.string().optional(),
  ldap: Ldap.optional(),
  undo: z.array(Undo).readonly(),
  ending: Ending,
  processes: z.array(Started),
})
export type RunRecord = Readonly<z.infer<typeof RunRecord>>

const recordFile = (dir: string): string => join(dir, 'record.json')

/** Makes the folder of a new run (mode 0700) and writes its first record. */
export function createRecord(record: RunRecord): string {
  const dir = runFolder(record.name)
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  chmodSync(dir, 0o700)
  write(dir, record)
  return dir
}

/** The record in `dir`; undefined when there is none or it cannot be read (then only a sweep can help). */
export function readRecord(dir: string): RunRecord | undefined {
  try {
    return RunRecord.parse(JSON.parse(readFileSync(recordFile(dir), 'utf8')))
  } catch {
    return undefined
  }
}

/** Changes the record in `dir`, one writer at a time, in this process and in others. */
export async function changeRecord(
  dir: string,
  change: (record: RunRecord) => RunRecord,
): Promise<RunRecord> {
  const release = await lock(join(dir, 'record.lock'), 5_000, 'the record of the lab is being written')
  try {
    const before = readRecord(dir)
    if (!before)
      throw new Error(`${recordFile(dir)} is gone or damaged: end the lab with \`npm run lab -- down\``)
    const after = change(before)
    write(dir, after)
    return after
  } finally {
    release()
  }
}

/** Puts one process into the record, in the place of an earlier one of that id. */
export const withProcess =
  (started: Started) =>
  (record: RunRecord): RunRecord => ({
    ...record,
    processes: [...record.processes.filter((one) => one.id !== started.id), started],
  })

export const withoutProcess =
  (id: string) =>
  (record: RunRecord): RunRecord => ({
    ...record,
    processes: record.processes.filter((one) => one.id !== id),
  })

/** The names of all runs that left a folder on this machine. */
export function runNames(): string[] {
  const runs = runsFolder()
  if (!existsSync(runs)) return []
  return readdirSync(runs, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
}

function write(dir: string, record: RunRecord): void {
  const next = `${recordFile(dir)}.next`
  writeFileSync(next, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 })
  renameSync(next, recordFile(dir))
}
