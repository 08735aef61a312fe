/** Why a home is not ready; the condition's `reason`. docs/storage.md has the mend of each. */
export type ProblemReason =
  | 'StorageNotThere'
  | 'StorageFull'
  | 'StorageReadOnly'
  | 'StorageRefuses'
  | 'StorageFault'
  | 'EntryUnfit'
  | 'NoRealDirectory'
  | 'WrongOwner'
  | 'WrongMode'
  | 'WrongMarker'
  | 'FormerPerson'
  | 'VolumeForeign'
  | 'ClaimForeign'
  | 'ClaimLeaving'
  | 'Binding'
  | 'ApiRefused'
  | 'Moving'
  | 'MoveUnfinished'

export interface Problem {
  readonly reason: ProblemReason
  /** What is wrong, where, and the mend. */
  readonly message: string
}

export const problem = (reason: ProblemReason, what: string, mend: string): Problem => ({
  reason,
  message: `${what}; ${mend}`,
})

const CODES: Readonly<Record<string, readonly [ProblemReason, string, string]>> = {
  ENOSPC: ['StorageFull', 'the storage directory is full', 'make room; see docs/storage.md, "Trash"'],
  EDQUOT: ['StorageFull', 'the storage directory is over its quota', 'raise the quota'],
  EROFS: ['StorageReadOnly', 'the storage directory is read-only', 'mount it writable on every PC'],
  EPERM: ['StorageRefuses', 'the storage directory does not let root act', 'export it with no_root_squash'],
  ENODEV: ['StorageNotThere', 'the volume is not mounted here', 'look at the home-mounter of that PC'],
  EACCES: ['StorageRefuses', 'the storage directory does not let root act', 'export it with no_root_squash'],
}

/** What an error of the file system means for the person whose home it met. */
export function fileProblem(error: unknown): Problem {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const text = error instanceof Error ? error.message : String(error)
  const [reason, what, mend] = CODES[code] ?? [
    'StorageFault' as const,
    'the storage directory failed',
    'look at the PC and the server that hold it',
  ]
  return problem(reason, `${what} (${text})`, mend)
}
