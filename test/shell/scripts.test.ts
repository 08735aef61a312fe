import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { temporaryFolder } from '../harness/temporary-folder.ts'
import { isShell, shellScripts } from './scripts.ts'

test('a shell script is known by its name or by its first line', (t) => {
  for (const line of ['#!/bin/sh', '#!/bin/sh -eu', '#!/usr/bin/env bash', '#! /bin/dash'])
    t.true(isShell('finish', line), line)
  t.true(isShell('machine.sh', 'set -eu'))
  for (const line of ['#!/usr/bin/env node', '#!/usr/bin/python3', 'sh', '#!/usr/bin/fish', ''])
    t.false(isShell('run', line), line)
})

test('scripts are found in every folder, hidden ones and new ones too, and not in what is ignored', (t) => {
  const root = temporaryFolder()
  const make = (path: string, text: string): void => {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  make('.ci/run', '#!/usr/bin/env bash\n')
  make('images/door/hold', '#!/bin/sh\n')
  make('lab/machine.sh', '')
  make('main.ts', '#!/usr/bin/env node\n')
  make('node_modules/x/run.sh', '#!/bin/sh\n')
  make('.gitignore', 'node_modules/\n')
  execFileSync('git', ['init', '-q'], { cwd: root })
  t.deepEqual(shellScripts(root), ['.ci/run', 'images/door/hold', 'lab/machine.sh'])
})
