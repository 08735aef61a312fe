import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** `mountinfo` of the first process: in a pod and in a lab that one sees the mounts that glusterd sees. */
export const mountsOf = (root: string): Promise<string> => readFile(join(root, '/proc/1/mountinfo'), 'utf8')
