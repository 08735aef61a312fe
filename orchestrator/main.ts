import { CROWN } from '../config/names.ts'
import { runProgram } from '../service/program.ts'
import { readSettings } from './settings.ts'
import { startTick } from './tick.ts'

/** Keeps masters. A CronJob runs it each minute, on one master after the other. */
await runProgram({ name: CROWN.program, settings: readSettings, start: startTick })
