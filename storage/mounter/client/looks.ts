import { bounded } from '../../bounded.ts'
import type { Said } from './facts.ts'

/** What was found at paths of one client's mount. */
export interface Looked {
  readonly said: Said
  /** Inode and kind (`directory`, `regular file`) of each path that is there. */
  readonly found: ReadonlyMap<string, { readonly inode: string; readonly kind: string }>
}

/**
 * The kernel remembers for a second what stat(2) said, whatever becomes of the process behind it; statfs(2) always asks
 * that process, but not for a quorum.
 */
const LOOK =
  'export LC_ALL=C; stat --file-system -- "$1" >/dev/null && exec stat --printf="%i|%F|%n\\\\0" -- "$@"'

/** So long may a look take; a PC that loses power stalls everybody for a little more than that, which harms nobody. */
const LIMIT = 5_000

export interface Looks {
  /** Looks at a mount and at paths in it; resolves within seconds, whatever the mount does. */
  look(mount: string, paths: readonly string[]): Promise<Looked>
}

/** Looks by a process of its own. While one hangs in the kernel, no other is sent after it. */
export function boundedLooks(limit = LIMIT): Looks {
  const hanging = new Set<string>()
  return {
    async look(mount, paths) {
      if (hanging.has(mount)) return { said: 'silent', found: new Map() }
      const { code, stdout, gone } = await bounded('sh', ['-c', LOOK, 'look', mount, ...paths], limit)
      if (code === undefined) {
        hanging.add(mount)
        void gone.then(() => hanging.delete(mount))
        return { said: 'silent', found: new Map() }
      }
      const found = new Map(
        stdout
          .split('\0')
          .filter(Boolean)
          .map((line) => {
            const [inode = '', kind = '', ...name] = line.split('|')
            return [name.join('|'), { inode, kind }] as const
          }),
      )
      return { said: found.has(mount) ? 'answers' : 'refuses', found }
    },
  }
}
