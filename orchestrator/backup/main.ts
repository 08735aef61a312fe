import { runProgram } from '../../service/program.ts'
import { startBackup } from './job.ts'
import { readSettings } from './settings.ts'

/** The Job that copies etcd, each half hour on some master, and tidies it. */
await runProgram({ name: 'etcd-backup', settings: readSettings, start: startBackup })
