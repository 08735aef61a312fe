import { runProgram } from '../../../service/program.ts'
import { startFetch } from './job.ts'
import { readSettings } from './settings.ts'

/** The Job by which a PC has a copy of etcd from another one. */
await runProgram({ name: 'etcd-fetch', settings: readSettings, start: startFetch })
