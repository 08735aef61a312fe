/**
 * `bridge/`: The one program in a desktop's pod: it checks and locks the home, runs XFCE, and shows screen
 * and files to the gateway. docs/desktops.md lists its exit codes.
 */

import { runProgram } from '../service/program.ts'
import { startBridge } from './program.ts'
import { readSettings } from './settings.ts'

await runProgram({ name: 'bridge', settings: readSettings, start: startBridge })
