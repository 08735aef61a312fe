import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { LOCK_BYTES, LOCK_FOLDER, LOCK_NOTE, type LockNote, writtenNote } from '../../config/home-lock.ts'
import { ofThisPc } from '../../service/clock.ts'
import { must } from '../bounded.ts'

/** A home is shown without a note rather than later than this: then its desktop watches the lock itself. */
const LIMIT = 3_000

/**
 * Prints the name of the highest generation in the lock of a home, and what its file begins with; nothing where there is
 * none. It looks as the person, so that no link or pipe of theirs leads it to what is not theirs, or keeps it for long.
 */
const LOOK = `
set -eu
cd -- "$1"
uid=$(stat --format=%u .) gid=$(stat --format=%g .)
[ "$uid" -ge 1000 ] || exit 0
exec setpriv --reuid="$uid" --regid="$gid" --clear-groups -- sh -euc '
  top=0
  for path in ${LOCK_FOLDER}/[1-9]*; do
    name=\${path##*/}
    case $name in *[!0-9]*|?????????????????*) continue ;; esac
    if [ -f "$path" ] && [ ! -L "$path" ] && [ "$name" -gt "$top" ]; then top=$name; fi
  done
  [ "$top" != 0 ] || exit 0
  echo "$top"
  head --bytes=${LOCK_BYTES} -- "${LOCK_FOLDER}/$top"
'`

/** What the lock of a home says now; undefined where there is none. */
export async function lookAtLock(home: string): Promise<LockNote | undefined> {
  const said = await must('sh', ['-c', LOOK, 'look', home], LIMIT)
  const end = said.indexOf('\n')
  if (end < 1) return undefined
  return { at: ofThisPc(), generation: Number(said.slice(0, end)), text: said.slice(end + 1) }
}

/**
 * Writes what the lock of a home says into the directory of root in which that home is shown.
 *
 * @param earlier what it said before: where that is the same, it has been the same since
 */
export async function noteLock(home: string, beside: string, earlier?: LockNote): Promise<void> {
  const now = await lookAtLock(home)
  if (now === undefined) return
  const isSame = earlier?.generation === now.generation && earlier.text === now.text
  const note = isSame ? earlier : now
  const making = join(beside, `${LOCK_NOTE}.making`)
  await rm(making, { force: true })
  const file = await open(making, 'wx', 0o444)
  try {
    await file.writeFile(writtenNote(note))
  } finally {
    await file.close()
  }
  await rename(making, join(beside, LOCK_NOTE))
}

/** Whatever of a note is there goes: its directory can be removed then. */
export async function dropNote(beside: string): Promise<void> {
  for (const name of [LOCK_NOTE, `${LOCK_NOTE}.making`]) await rm(join(beside, name), { force: true })
}
