import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Asks `check` every 50 ms until it says yes. `alive` ends the wait early when what is waited for has died; after
 * `patience` milliseconds it is given up. Both give the reason to report.
 */
export async function until(
  what: string,
  patience: number,
  check: () => Promise<boolean>,
  alive: () => boolean,
): Promise<{ ready: true } | { ready: false; reason: string }> {
  const deadline = Date.now() + patience
  while (!(await check())) {
    if (!alive()) return { ready: false, reason: `${what} ended` }
    if (Date.now() > deadline)
      return { ready: false, reason: `${what} was not ready after ${patience / 1000} s` }
    await sleep(50)
  }
  return { ready: true }
}
