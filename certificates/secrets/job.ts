import { CoreV1Api } from '@kubernetes/client-node'
import pRetry from 'p-retry'
import { reasonOf } from '../../cluster/answer.ts'
import { keptClient, ownCluster } from '../../cluster/client.ts'
import { EXIT, type ProgramContext } from '../../service/program.ts'
import { makeSecrets } from './act.ts'
import { PLACES } from './wanted.ts'

/** The cluster never took what it was given: the Job is tried again. */
const NOT_TAKEN = 2

/** Ms. Namespaces and rights may come a little later than this Job: apps converge in any order. */
const PATIENCE = 5 * 60_000
const PAUSE = 3_000

/**
 * Creates what is absent, changes nothing, says what is wrong. No value of a secret is ever logged. Exit code 0 when
 * all is well, 1 when something that exists is not usable, 2 when the cluster never took what it was given.
 */
export async function startSecrets({ log, signal }: ProgramContext<object>): Promise<number> {
  const api = keptClient(ownCluster(), CoreV1Api)
  let said = ''
  try {
    const { made, faults } = await pRetry(() => makeSecrets(api), {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: PAUSE,
      maxTimeout: PAUSE,
      maxRetryTime: PATIENCE,
      signal,
      onFailedAttempt({ error }) {
        const reason = reasonOf(error)
        if (reason !== said) log.warn({ reason }, 'not yet; trying again')
        said = reason
      },
    })
    for (const wanted of made) log.info({ ...PLACES[wanted] }, 'made')
    for (const { place, rule, mend } of faults) log.error({ ...place, mend }, rule)
    if (faults.length === 0) log.info('everything is there')
    return faults.length === 0 ? EXIT.done : EXIT.failed
  } catch (error) {
    signal.throwIfAborted()
    log.fatal({ reason: reasonOf(error) }, `gave up after ${PATIENCE / 60_000} minutes`)
    return NOT_TAKEN
  }
}
