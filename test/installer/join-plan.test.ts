import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { parse } from 'yaml'
import { CROWN } from '../../config/names.ts'
import { PAUSE } from '../../lab/room/component-images.ts'
import { HOST_SOURCES, readPlaces } from '../../lab/room/host-files.ts'

/** Whether a PC joins, is reset before, is left alone, or is refused: a function of words. */

const installer = join(import.meta.dirname, '../../installer')

function judge(call: string): string {
  const script = `here=$0 room_is_gone='' brick_unit=''; . "$here/doing.sh"; . "$here/steps/join.sh"; . "$here/steps/leave.sh"; ${call}`
  const { status, stdout, stderr } = spawnSync('sh', ['-euc', script, installer], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return stdout.trim()
}

const JOIN = [
  ['a bare PC joins', 'no no no unknown gone', /^join$/],
  ['a node that is Ready is left alone', 'yes no no same ready', /^done$/],
  ['… also where nothing says which room it is', 'yes no no unknown ready', /^done$/],
  ['a node that is not Ready is started anew, and not reset', 'yes no no same not-ready', /^start$/],
  ['a PC whose Node was deleted is reset and joins', 'yes no no same gone', /^reset the room has no Node/],
  [
    'a PC whose certificate counts no more is reset and joins',
    'yes no no same stranger',
    /^reset the room does not know/,
  ],
  [
    'a join that was cut off is done anew, whatever it has reached',
    'yes no yes same ready',
    /^reset a join was cut off/,
  ],
  [
    'a PC that was of another room is reset and joins',
    'yes no no other gone',
    /^reset it was a node of another room/,
  ],
  ['… also where that room is no more', 'yes no no other silent', /^reset it was a node of another room/],
  [
    'a PC at work in another room is left there',
    'yes no no other ready',
    /^refuse .*at work there \| .*install.sh leave/,
  ],
  [
    'where the room does not answer nothing is done',
    'yes no no same silent',
    /^refuse the room does not answer/,
  ],
  ['a master that is well is left alone', 'yes yes no same ready', /^done$/],
  [
    'a master of another room is never reset',
    'yes yes no other gone',
    /^refuse this PC is a master of another room/,
  ],
  [
    'a master that its room does not know is never reset',
    'yes yes no same gone',
    /^refuse this PC is a master, or was one/,
  ],
  [
    'a master that was cut off in a join is never reset',
    'yes yes yes same stranger',
    /^refuse this PC is a master, or was one/,
  ],
] as const
for (const [what, words, verdict] of JOIN) test(what, (t) => t.regex(judge(`judge_join ${words}`), verdict))

const LEAVE = [
  ['a PC that is in no room has nothing to leave', "no no gone ''", /^done$/],
  ['a PC leaves when the room has no Node of it', "yes no gone ''", /^leave$/],
  [
    'a PC does not leave a room that counts on it',
    "yes no ready ''",
    /^refuse the room still counts on this PC \| what an administrator does first/,
  ],
  ['… nor while it is off for the room', "yes no not-ready ''", /^refuse the room still counts/],
  [
    'a PC does not leave while nobody can be asked',
    "yes no silent ''",
    /^refuse the room does not answer.*--room-is-gone/,
  ],
  ['… but where somebody says that the room is no more', 'yes no silent yes', /^leave$/],
  ['a master does not leave', "yes yes gone ''", /^refuse this PC is a master \| .*step-down/],
  ['… whatever is said of the room', 'yes yes silent yes', /^refuse this PC is a master/],
] as const
for (const [what, words, verdict] of LEAVE) test(what, (t) => t.regex(judge(`judge_leave ${words}`), verdict))

test('the installer lays what the lab lays for the orchestrator, from one list', (t) => {
  const [list = '', ...sources] = HOST_SOURCES
  t.regex(readFileSync(join(installer, 'steps/settings.sh'), 'utf8'), /"\$repository\/orchestrator\/host"/)
  t.is(readPlaces(list)[0]?.to, CROWN.onPc)
  t.is(sources.length, readPlaces(list).length)
})

test('what is laid says what the lab says: the pause image, and how the kubelet is set', (t) => {
  t.true(readFileSync(join(installer, 'files/containerd.toml'), 'utf8').includes(`sandbox = '${PAUSE}'`))
  const kubelet = parse(readFileSync(join(installer, 'files/kubelet.yaml'), 'utf8'))
  t.like(kubelet, { podPidsLimit: 4096, containerLogMaxSize: '10Mi', containerLogMaxFiles: 3 })
})
