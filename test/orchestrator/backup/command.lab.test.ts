import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { runCommandLine } from '../../../cli/run.ts'
import { backUp } from '../../../orchestrator/backup/back-up.ts'
import { openFolder } from '../../../orchestrator/backup/place.ts'
import { addBackupCommands } from '../../../orchestrator/command/backup.ts'
import { addRescueCommand } from '../../../orchestrator/command/rescue.ts'
import { systemClock } from '../../../service/clock.ts'
import { keptTerminal } from '../../cli/terminal.ts'
import { ownEtcd } from '../../harness/etcd.ts'
import { etcdPrograms, layBelongings } from '../../harness/etcd-backup.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'

async function deskfleet(...args: string[]) {
  const { terminal, said } = keptTerminal()
  const commands = [addBackupCommands, addRescueCommand]
  const line = { name: 'deskfleet', about: '', examples: [], commands }
  return { code: await runCommandLine(line, args, terminal), ...said }
}

test('a key is made, a copy for it is opened and checked, and no rescue is begun where etcd runs', async (t) => {
  const folder = temporaryFolder()
  const file = join(folder, 'room.key')
  const made = await deskfleet('backup', 'key', file)
  t.is(made.code, 0)
  t.is(statSync(file).mode & 0o777, 0o600)
  const recipient = /^age1\S+$/m.exec(made.stdout)?.[0] ?? ''
  t.regex(readFileSync(file, 'utf8'), new RegExp(`public key: ${recipient}\nAGE-SECRET-KEY-1`))
  t.notRegex(made.stdout, /AGE-SECRET-KEY/)
  t.is((await deskfleet('backup', 'key', file)).code, 2, 'never over one that is there')

  const own = await ownEtcd({ members: 1 })
  t.teardown(() => own.lab.down())
  await own.put('/registry/pods/x', 'y')
  const programs = await etcdPrograms()
  mkdirSync(join(folder, 'kubernetes'))
  const copies = join(folder, 'copies')
  const place = openFolder(copies, Date.now, 0)
  const work = {
    gateway: own.gateway,
    endpoints: own.endpoints,
    programs,
    belongings: await layBelongings(join(folder, 'kubernetes')),
    recipients: [recipient],
    place,
    scratch: join(folder, 's'),
    clock: systemClock,
  }
  const done = await backUp(work)
  if ('refusal' in done) return t.fail(done.refusal)
  const copy = place.path(done.name)
  const etcdutl = ['--etcdutl', programs.etcdutl]
  const checked = await deskfleet('backup', 'check', copy, '--key', file, ...etcdutl)
  t.regex(checked.stdout, /opens and is whole: made at .*, 1 keys at revision 2, of the room sha256:/)
  t.is(checked.code, 0)

  const other = join(folder, 'other.key')
  await deskfleet('backup', 'key', other)
  t.regex(
    (await deskfleet('backup', 'check', copy, '--key', other, ...etcdutl)).stderr,
    /encrypted for other keys/,
  )
  t.regex(
    (await deskfleet('backup', 'check', copy, ...etcdutl)).stderr,
    /by --key FILE, or run this on a terminal/,
  )
  writeFileSync(copy, readFileSync(copy).subarray(0, -1))
  t.regex(
    (await deskfleet('backup', 'check', copy, '--key', file, ...etcdutl)).stderr,
    /cut off or was altered/,
  )

  const empty = await deskfleet('rescue', '--copies', join(folder, 'none'), '--key', file, '--dry-run')
  t.deepEqual([empty.code, empty.stderr.includes('there is no copy here')], [1, true], empty.stderr)
  const again = await backUp(work)
  t.false('refusal' in again)
  const rescued = await deskfleet('rescue', '--copies', copies, '--key', file, '--dry-run', ...etcdutl)
  t.is(rescued.code, 1)
  t.regex(rescued.stderr, /etcd runs on this PC, as process \d+/)
})
