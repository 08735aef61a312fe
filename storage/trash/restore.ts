import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { cut } from '../../config/cut.ts'
import { UUID_PATTERN } from '../../config/home-marker.ts'
import { LAYOUT } from '../layout.ts'

/** Whose home gets the files back. */
export interface Owner {
  readonly uid: number
  readonly gid: number
  readonly entryUUID: string
}

/** Homes in the trash, by the names of their folders, oldest first. */
export async function listTrash(root: string): Promise<string[]> {
  return (await readdir(join(root, LAYOUT.trash))).sort()
}

/** Of what tar complains of, for the message: there may be a line for every file. */
const LONGEST_REASON = 1_000

/** A name in the trash: `<date>-<login>-<entryUUID>`, and what an administrator may have called it. */
const ENTRY = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/

/**
 * Gives what lies in the trash to somebody, in a new folder of their home. Root reads in the trash, where nobody else
 * comes, and *the person* writes: whoever owns a home may have laid a link in it, which leads them nowhere that they
 * could not go themselves. The trash keeps what it has.
 *
 * @returns the name of the folder in the home
 * @throws with what is wrong, and the mend.
 */
export async function restore(root: string, entry: string, owner: Owner): Promise<string> {
  if (!ENTRY.test(entry))
    throw new Error(`"${entry}" is no name of the trash; "deskfleet homes trash" lists them`)
  if (!UUID_PATTERN.test(owner.entryUUID)) throw new Error(`"${owner.entryUUID}" is no entryUUID`)
  const from = join(root, LAYOUT.trash, entry)
  const home = join(root, LAYOUT.homes, owner.entryUUID)
  await access(from).catch(() => {
    throw new Error(`the trash has no "${entry}"; "deskfleet homes trash" lists what it has`)
  })
  await access(home).catch(() => {
    throw new Error(`there is no home of ${owner.entryUUID} yet; wait until it is ready, and try again`)
  })
  const folder = `restored-${entry}`
  const reading = spawn('tar', ['--create', '--sparse', '--directory', from, '--file=-', '.'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const writing = spawn(
    'sh',
    ['-ec', 'cd "$1"; mkdir "$2"; cd "$2"; exec tar --extract --file=-', 'sh', home, folder],
    {
      // Without the groups of root.
      uid: owner.uid,
      gid: owner.gid,
      cwd: '/',
      env: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
      stdio: ['pipe', 'ignore', 'pipe'],
    },
  )
  let said = ''
  for (const { stderr } of [reading, writing])
    stderr.setEncoding('utf8').on('data', (text: string) => {
      said = cut(`${said}${text}`, LONGEST_REASON)
    })
  const codes = Promise.all([once(reading, 'close'), once(writing, 'close')])
  // A writer that ends early says why itself.
  await pipeline(reading.stdout, writing.stdin).catch(() => reading.kill())
  const [[read], [written]] = await codes
  if (read === 0 && written === 0) return folder
  const why = said.trim() || `tar ended with ${read} and ${written}`
  throw new Error(
    `not everything came back: ${why}; when the reason is gone, let the person move ~/${folder} away, and try again`,
  )
}
