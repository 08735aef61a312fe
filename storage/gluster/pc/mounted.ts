import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What is mounted at a path. */
export interface Mounted {
  readonly type: string
  readonly readOnly: boolean
}

/** Of the first process: in a pod and in a lab that one sees the mounts that glusterd sees. */
export const mountsOf = (root: string): Promise<string> => readFile(join(root, '/proc/1/mountinfo'), 'utf8')

/** What `mountinfo` says of exactly that path: the mount that lies on top. */
export function mountedAt(mountinfo: string, path: string): Mounted | undefined {
  const lines = mountinfo.split('\n').filter((line) => line.split(' ')[4] === path)
  const last = lines.at(-1)
  if (last === undefined) return undefined
  const [before = '', after = ''] = last.split(' - ')
  const [type = '', , ofSystem = ''] = after.split(' ')
  const isReadOnly = (options: string | undefined): boolean => (options ?? '').split(',').includes('ro')
  return { type, readOnly: isReadOnly(before.split(' ')[5]) || isReadOnly(ofSystem) }
}
