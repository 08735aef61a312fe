import { appendFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { registerCompletionHandler } from 'ava'

/**
 * ava loads this in the process of each test file (`require` in ava.config.js). It tells the run which file a process
 * runs, so that what hangs has a name, and ends a process that its tests left something open in: ava itself would wait.
 */

/** How long a process may take to end after its last test; milliseconds: longer than any time limit of a connection. */
const ENDING = Number(process.env.DESKFLEET_TEST_ENDING ?? 45_000)

const file = fileURLToPath(test.meta.file)
const folder = process.env.DESKFLEET_TEST_PROCESSES
const record = folder === undefined ? undefined : join(folder, String(process.pid))

if (record !== undefined) {
  writeFileSync(record, file)
  // Of a process that ends in any other way the record stays, and names the file.
  process.once('exit', (code) => {
    if (code === 0) rmSync(record, { force: true })
  })
}

/** What ava and Node hold open in every test process: pipes to ava. */
const always = process.getActiveResourcesInfo()

/** What is open besides, by Node's names for it. */
function opened(): string[] {
  const left = [...always]
  return process.getActiveResourcesInfo().filter((one) => {
    const at = left.indexOf(one)
    if (at < 0) return one !== 'Timeout'
    left.splice(at, 1)
    return false
  })
}

if (record !== undefined) {
  // ava tells it to the run as well, but when its own tests are over it may end the process before that has left.
  process.on('uncaughtExceptionMonitor', (error) => {
    appendFileSync(record, `\nthrown outside of any test: ${error.stack ?? error.message}`)
  })
}

registerCompletionHandler(() => {
  const waiting = setTimeout(() => {
    const open = opened()
    const why = `its tests are over, but it does not end: open are ${open.join(', ') || 'only timers'}`
    console.error(`${file}: ${why}`)
    // The run repeats it at its end, which is what is kept of a long log.
    if (record !== undefined) appendFileSync(record, `\n${why}`)
    process.exit(1)
  }, ENDING)
  waiting.unref()
})
