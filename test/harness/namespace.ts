import { call } from '../../lab/programs/call.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** One line of a story: what was seen to be so. */
export interface Told {
  readonly code: number
  readonly lines: readonly string[]
  readonly stderr: string
}

/**
 * Runs a script of ours, a story that tells on stdout line by line what it saw, with a network and processes of its own:
 * whatever it starts ends with it, and nobody else is reached. Needs root.
 */
export async function inNamespace(script: string, args: readonly string[] = []): Promise<Told> {
  const folder = temporaryFolder()
  const apart = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--']
  // The shell is process 1 there, and takes leave of those whose parents are gone.
  const shell = ['sh', '-c', '"$@"; exit $?', 'sh', process.execPath, script, folder, ...args]
  // Labs that it begins are its own, too.
  const env = { ...process.env, XDG_STATE_HOME: folder }
  // Should the test die, the story does.
  const bound = ['--pdeathsig', 'KILL', 'unshare']
  const { code, stdout, stderr } = await call('setpriv', [...bound, ...apart, ...shell], { env })
  return { code, lines: stdout.split('\n').filter(Boolean), stderr }
}
