import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'

const SHEBANG = /^#!\s*\S*\/(?:env\s+)?(?:ba|da|k)?sh\b/

/** Whether a file is a shell script, by its name or its first line. */
export const isShell = (path: string, firstLine: string): boolean =>
  path.endsWith('.sh') || SHEBANG.test(firstLine)

/** Every shell script that Git has or would take, below `root`. */
export function shellScripts(root: string): string[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  return listed
    .split('\0')
    .filter((path) => path !== '' && !path.startsWith('dist/') && existsSync(join(root, path)))
    .filter((path) => isShell(path, firstLineOf(join(root, path))))
    .sort()
}

function firstLineOf(path: string): string {
  const file = openSync(path, 'r')
  try {
    const start = Buffer.alloc(128)
    const length = readSync(file, start)
    return start.toString('latin1', 0, length).split('\n')[0] ?? ''
  } finally {
    closeSync(file)
  }
}
