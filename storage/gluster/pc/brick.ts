import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { isFileError } from '../../file-error.ts'
import { mountedAt } from '../../mountinfo.ts'
import type { Brick, BrickFault } from '../plan/facts.ts'
import type { Inside, Places } from './facts.ts'
import { mountsOf } from './mounts.ts'
import { must, run } from './run.ts'

/** At the top of the brick's file system: whose it is. Made once, in an empty one, and never changed. */
const IDENTITY = '.deskfleet-brick.json'
const MAKING = `${IDENTITY}.new`
/** The folder that Gluster is given: a mount point itself it refuses. */
const DATA = 'data'
/** What was moved out of Gluster's sight, until it is removed. */
const OLD = '.removed'

const Identity = z.object({
  id: z.uuid(),
  /** The PC, by its Node's name. */
  node: z.string(),
  /** Of the XFS file system: a copy of all files on another disk is another brick. */
  fileSystem: z.string(),
})

/** The path that Gluster is given for a brick mounted there. */
export const dataOf = (brick: string): string => `${brick}/${DATA}`

const NONE = { id: '', bytes: 0, free: 0, holds: 'nothing' } as const

/**
 * Looks at the brick of a PC, and makes the identity of one that is empty.
 *
 * @throws when something does not answer in time; of the brick nothing is known then
 */
export async function lookAtBrick(inside: Inside, { brick }: Places, me: string): Promise<Brick> {
  const path = dataOf(brick)
  const unfit = (fault: BrickFault): Brick => ({ ...NONE, path, fault })
  const mounted = mountedAt(await mountsOf(inside.root), brick)
  if (mounted === undefined) return unfit('not-mounted')
  if (mounted.type !== 'xfs') return unfit('not-xfs')
  if (mounted.readOnly) return unfit('failing')
  const top = join(inside.root, brick)
  try {
    const { bsize, blocks, bavail } = await statfs(top)
    const size = { path, bytes: bsize * blocks, free: bsize * bavail }
    const fileSystem = await fileSystemOf(inside, brick)
    if (fileSystem === undefined) return unfit('failing')
    const identity = await identityOf(top, me, fileSystem)
    if (identity === undefined) return { ...unfit('wrong-id'), ...size }
    return { id: identity, ...size, holds: await holds(inside, brick), fault: undefined }
  } catch (error) {
    if (isFileError(error, 'EIO', 'ESHUTDOWN', 'EUCLEAN', 'EROFS')) return unfit('failing')
    throw error
  }
}

/** Undefined where the identity file is missing among other things, or says something else. */
async function identityOf(top: string, me: string, fileSystem: string): Promise<string | undefined> {
  const text = await readFile(join(top, IDENTITY), 'utf8').catch((error: unknown) => {
    if (isFileError(error, 'ENOENT')) return undefined
    throw error
  })
  if (text === undefined) {
    // What a crash left of an identity that was about to be made is nothing.
    const others = (await readdir(top)).filter((name) => name !== MAKING)
    return others.length > 0 ? undefined : await identify(top, me, fileSystem)
  }
  const read = Identity.safeParse(jsonOf(text))
  const isOurs = read.success && read.data.node === me && read.data.fileSystem === fileSystem
  return isOurs ? read.data.id : undefined
}

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function identify(top: string, node: string, fileSystem: string): Promise<string> {
  const id = randomUUID()
  const file = await open(join(top, MAKING), 'w', 0o600)
  try {
    await file.writeFile(JSON.stringify({ id, node, fileSystem }))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(join(top, MAKING), join(top, IDENTITY))
  return id
}

/** The UUID of the XFS file system, asked of the kernel: no device node is needed. */
async function fileSystemOf(inside: Inside, brick: string): Promise<string | undefined> {
  const { stdout } = await run(inside, ['xfs_io', '-r', '-c', 'fsuuid', brick])
  return /UUID = ([0-9a-f-]{36})/.exec(stdout)?.[1]
}

const MARK = 'trusted.glusterfs.volume-id'

/** The ID of the volume whose mark the folder bears; `'nothing'` where it bears none and is empty, or is not there. */
async function holds(inside: Inside, brick: string): Promise<string> {
  const data = dataOf(brick)
  const entries = await readdir(join(inside.root, data)).catch((error: unknown) => {
    if (isFileError(error, 'ENOENT')) return undefined
    throw error
  })
  if (entries === undefined) return 'nothing'
  const read = ['getfattr', '--absolute-names', '--encoding=hex', '--name', MARK, data]
  const { code, stdout, stderr } = await run(inside, read)
  if (code === 0) return uuidOf(stdout)
  if (!/no such attribute/i.test(stderr))
    throw new Error(`the mark of ${data} cannot be read: ${stderr.trim()}`)
  return entries.length === 0 ? 'nothing' : 'files without a volume'
}

/** @throws when it is no mark of a volume */
function uuidOf(said: string): string {
  const hex = /=0x([0-9a-f]{32})\s*$/m.exec(said)?.[1]
  if (hex === undefined) throw new Error(`the mark of the brick is none: ${said.trim()}`)
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** What statfs(2) says of XFS. */
const XFS = 0x58465342

/**
 * Makes the folder that Gluster is given, where there is none: in the disk that was opened and seen to be XFS, so never on
 * the system's disk below it, should the disk go away meanwhile. Gluster itself would make it anywhere.
 */
export async function prepareBrick({ root }: Inside, { brick }: Places): Promise<void> {
  const top = await open(join(root, brick), constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    const opened = `/proc/self/fd/${top.fd}`
    if ((await statfs(opened)).type !== XFS) throw new Error(`${brick} is no XFS file system any more`)
    await mkdir(join(opened, DATA), { mode: 0o755 }).catch((error: unknown) => {
      if (!isFileError(error, 'EEXIST')) throw error
    })
  } finally {
    await top.close()
  }
}

/** Empties the brick: out of Gluster's sight at once, with its mark; then removed. @throws when it cannot */
export async function emptyBrick(inside: Inside, { brick }: Places): Promise<void> {
  const old = join(inside.root, brick, `${OLD}-${randomUUID()}`)
  await rename(join(inside.root, dataOf(brick)), old).catch((error: unknown) => {
    if (!isFileError(error, 'ENOENT')) throw error
  })
}

/** Removes what was moved out of sight. A large brick takes a while: nobody waits for it. */
export async function removeOld(inside: Inside, { brick }: Places): Promise<void> {
  const names = await readdir(join(inside.root, brick))
  for (const name of names.filter((one) => one.startsWith(`${OLD}-`)))
    await must(inside, ['rm', '-rf', '--one-file-system', '--', `${brick}/${name}`], 3_600_000)
}
