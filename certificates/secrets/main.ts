import { setTimeout as sleep } from 'node:timers/promises'
import { ApiException, CoreV1Api, KubeConfig } from '@kubernetes/client-node'
import pino from 'pino'
import { makeSecrets } from './act.ts'
import { PLACES } from './wanted.ts'

/**
 * The Job that makes secrets: creates what is absent, changes nothing, says what is wrong. No value of a secret is
 * ever logged. Exit code 0 when all is well, 1 when something that exists is not usable, 2 when the cluster never
 * took what it was given: then the Job is tried again.
 */
const log = pino({ base: null })

/** Namespaces and rights may come a little later than this Job: apps converge in any order. */
const PATIENCE = 5 * 60_000
const PAUSE = 3_000

const kubeConfig = new KubeConfig()
kubeConfig.loadFromDefault()
const api = kubeConfig.makeApiClient(CoreV1Api)

const deadline = Date.now() + PATIENCE
let said = ''
for (;;) {
  try {
    const { made, faults } = await makeSecrets(api, () => new Date())
    for (const wanted of made) log.info({ ...PLACES[wanted] }, 'made')
    for (const { place, rule, mend } of faults) log.error({ ...place, mend }, rule)
    if (faults.length === 0) log.info('everything is there')
    process.exit(faults.length === 0 ? 0 : 1)
  } catch (error) {
    const reason = reasonOf(error)
    if (reason !== said) log.warn({ reason }, 'not yet; trying again')
    said = reason
    if (Date.now() > deadline) {
      log.fatal({ reason }, `gave up after ${PATIENCE / 60_000} minutes`)
      process.exit(2)
    }
    await sleep(PAUSE)
  }
}

/** Without the request, whose body may hold a secret. */
function reasonOf(error: unknown): string {
  if (error instanceof ApiException) {
    const message = /"message":"((?:[^"\\]|\\.)*)"/.exec(String(error.body))?.[1]
    return `the API server answered ${error.code}${message ? `: ${message}` : ''}`
  }
  return error instanceof Error ? error.message : String(error)
}
