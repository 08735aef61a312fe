/**
 * A long computation in steps: wherever it yields, others may have their turn. Ten thousand people are compared in tenths
 * of a second, and meanwhile nobody would be answered.
 */
export type Steps<T> = Generator<void, T, void>

/** Ms that a computation keeps everybody else waiting at most, as far as its steps are shorter. */
const LONGEST = 5

/** All steps without a pause. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** All steps, with a pause whenever others have waited long enough. */
export async function givingWay<T>(steps: Steps<T>): Promise<T> {
  const pause = pauses()
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
    const others = pause()
    if (others) await others
  }
}

/** For loops: asked after each round, it is nothing, or a pause to be waited for when others have waited long enough. */
export function pauses(): () => Promise<void> | undefined {
  let since = performance.now()
  return () => {
    if (performance.now() - since < LONGEST) return undefined
    return new Promise((done) =>
      setImmediate(() => {
        since = performance.now()
        done()
      }),
    )
  }
}
