/**
 * `service/`: What makes a program: settings, logging, metrics, health, HTTPS, clock, turns, an orderly end.
 */

import { collectDefaultMetrics, Registry } from 'prom-client'
import { serveHealth } from './health.ts'
import { type Program, type ProgramContext, runProgram } from './program.ts'
import { newReadiness, type Readiness } from './readiness.ts'
import type { Listen } from './settings.ts'

/** What every service's settings hold. */
export interface ServiceSettings {
  readonly metricsListen: Listen
}

/** A program that lasts: besides a program's, it has metrics, and says whether it is ready. */
export interface Service<S extends ServiceSettings> extends Omit<Program<S>, 'start'> {
  /** Runs until the signal aborts. */
  readonly start: (context: ServiceContext<S>) => Promise<void>
}

export interface ServiceContext<S> extends ProgramContext<S> {
  readonly registry: Registry
  readonly readiness: Readiness
  /** Where health and metrics are served. */
  readonly metricsPort: number
}

/** Runs a service to its end and ends the process. Health is served before anything starts, and until all is closed. */
export const runService = <S extends ServiceSettings>({
  name,
  settings,
  start,
}: Service<S>): Promise<never> =>
  runProgram({
    name,
    settings,
    async start(program) {
      await start(await openService(program))
      return undefined
    },
  })

/** A program's context made a service's: for {@link runService}, and for tests that run a service in their process. */
export async function openService<S extends ServiceSettings>(
  program: ProgramContext<S>,
): Promise<ServiceContext<S>> {
  const { settings, closing, signal, log } = program
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const readiness = newReadiness()
  const health = await serveHealth(settings.metricsListen, {
    lacks: () => (signal.aborted ? ['stopping'] : readiness.lacks()),
    registry,
    failed: (metric, error) => log.warn({ err: error, metric }, 'a metric could not be collected'),
  })
  closing.defer(health.close)
  return { ...program, registry, readiness, metricsPort: health.port }
}
