import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { identify, isAlive } from '../../../../lab/run/processes.ts'
import { answerOf, glusterCommand } from '../../../../storage/gluster/glusterd/call.ts'
import { temporaryFolder } from '../../../harness/temporary-folder.ts'

const xml = (ret: number, said = ''): string =>
  `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<cliOutput><opRet>${ret}</opRet><opErrno>0</opErrno><opErrstr>${said}</opErrstr></cliOutput>\n`

test('what was done, what was refused, what may be asked again, and what nobody knows are told apart', (t) => {
  const is = (code: number, stdout: string, stderr = ''): string => answerOf(code, stdout, stderr).is
  t.is(is(0, xml(0)), 'done')
  t.is(is(0, xml(-1, 'Volume home does not exist')), 'refused')
  t.is(is(1, '', 'volume set: failed: Volume home does not exist\n'), 'refused')
  t.is(
    is(0, xml(-1, 'Another transaction is in progress for home. Please try again after some time.')),
    'busy',
  )
  t.is(is(1, '', 'Locking failed on pc-2. Please check log file for details.'), 'busy')
  t.is(is(1, '', 'Error : Request timed out'), 'lost')
  t.is(is(1, '', 'Connection failed. Please check if gluster daemon is operational.'), 'lost')
  t.deepEqual(answerOf(0, 'Launching heal operation has been successful', ''), {
    is: 'done',
    output: undefined,
  })
  t.is(is(0, '<?xml version="1.0"?><cliOutput><opRet>0</opRet>'), 'lost')
  t.is(is(0, '<?xml version="1.0"?><cliOutput/>'), 'lost')
  t.is(is(1, ''), 'lost')
})

test('a call that hangs is ended, and with it what it started', async (t) => {
  const pids = join(temporaryFolder(), 'pids')
  const hanging = `sleep 600 & echo "$$ $!" >${pids}; wait`
  // The words of the call itself become arguments of the shell, which looks at none of them.
  const answer = await glusterCommand(['sh', '-c', hanging])(['pool', 'list'], 0)
  t.deepEqual(answer, { is: 'lost', why: 'no answer to `pool list` in 0 s' })
  t.true(existsSync(pids))
  for (const pid of readFileSync(pids, 'utf8').split(' ').map(Number)) {
    for (let seen = identify(pid); seen && isAlive(seen); ) await new Promise((done) => setTimeout(done, 10))
    t.is(identify(pid), undefined)
  }
})

test('a program that is not there is a refusal, not a crash', async (t) => {
  t.like(await glusterCommand(['/no/such/program'])(['pool', 'list'], 1), { is: 'refused' })
})
