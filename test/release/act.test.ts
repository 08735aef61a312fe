import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { act } from '../../release/act.ts'

test('what is local is done in its order, what leaves the machine is not', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'deskfleet-release-'))
  t.teardown(() => rmSync(root, { recursive: true, force: true }))
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
  git('init', '--quiet', '--initial-branch=main')
  git('config', 'user.name', 'Test')
  git('config', 'user.email', 'test@test')
  writeFileSync(
    join(root, 'render.mjs'),
    "import { copyFileSync } from 'node:fs'\ncopyFileSync('in', 'out')\n",
  )
  act(root, [
    { kind: 'write', about: '', path: 'in', text: 'new' },
    { kind: 'run', about: '', command: ['node', 'render.mjs'] },
    { kind: 'run', about: '', command: ['git', 'add', '--all'] },
    { kind: 'run', about: '', command: ['git', 'commit', '--quiet', '--message', 'Release 1.0.0'] },
    { kind: 'run', about: '', command: ['git', 'tag', '--annotate', 'v1.0.0', '--message', 'x'] },
    { kind: 'by hand', about: '', command: `touch ${join(root, 'pushed')}` },
  ])
  t.is(readFileSync(join(root, 'out'), 'utf8'), 'new')
  t.is(git('log', '--format=%s'), 'Release 1.0.0')
  t.is(git('show', '--format=', '--name-only', 'v1.0.0^{commit}'), 'in\nout\nrender.mjs')
  t.is(git('cat-file', '-t', 'v1.0.0'), 'tag')
  t.is(git('status', '--porcelain'), '')
})

test('a step that fails ends the release there', (t) => {
  t.throws(
    () =>
      act(tmpdir(), [
        { kind: 'run', about: '', command: ['node', '--eval', 'process.exit(3)'] },
        { kind: 'write', about: '', path: 'no/such/folder', text: '' },
      ]),
    { message: /process\.exit\(3\)/ },
  )
})
