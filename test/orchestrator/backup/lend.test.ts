import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { fetchLoan, lend } from '../../../orchestrator/backup/lend.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'

test('a copy that is lent comes whole, to whoever knows where it is', async (t) => {
  const folder = temporaryFolder()
  const [file, to] = [join(folder, 'copy'), join(folder, 'fetched')]
  writeFileSync(file, randomBytes(3_000_000))
  const loan = await lend(file, '127.0.0.1')
  t.teardown(loan.end)
  await fetchLoan(loan, to)
  t.deepEqual(readFileSync(to), readFileSync(file))
  const elsewhere = { ...loan, url: loan.url.slice(0, -1) }
  await t.throwsAsync(fetchLoan(elsewhere, join(folder, 'x')), { message: /not lent any more: status 404/ })
  t.false(existsSync(join(folder, 'x')))
  await t.throwsAsync(fetchLoan(loan, to), { code: 'EEXIST' }, 'never over what is there')
})

test('what came is held against the sum that was told, and an end of the loan is an end', async (t) => {
  const folder = temporaryFolder()
  const file = join(folder, 'copy')
  writeFileSync(file, 'a copy')
  const loan = await lend(file, '127.0.0.1')
  // As when the disk alters it, or another one answers there by now.
  writeFileSync(file, 'a copi')
  await t.throwsAsync(fetchLoan(loan, join(folder, 'odd')), { message: /not what was lent/ })
  await loan.end()
  await t.throwsAsync(fetchLoan(loan, join(folder, 'late')), { code: 'ECONNREFUSED' })
})
