import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'

const made: string[] = []
test.after.always(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true })
})

/** A new empty folder that is gone when the tests of the file are over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'deskfleet-test-'))
  made.push(folder)
  return folder
}
