import type { Decision } from './decide.ts'
import type { Mounts } from './mounts.ts'

/** Carries a decision out, one mount after the other; resolves with what failed and is tried again. */
export async function act({ detach, mount, move, release }: Decision, mounts: Mounts): Promise<unknown[]> {
  const failures: unknown[] = []
  const attempt = async (work: Promise<void>): Promise<void> => {
    await work.catch((error: unknown) => failures.push(error))
  }
  for (const one of detach) await attempt(mounts.detach(one))
  for (const one of mount) await attempt(mounts.mount(one))
  for (const one of move) await mounts.move(one).catch(() => {})
  // Busy is no failure: some program still holds it, and the next look tries again.
  for (const one of release) await mounts.release(one).catch(() => {})
  return failures
}
