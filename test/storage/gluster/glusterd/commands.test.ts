import test from 'ava'
import { commandsOf } from '../../../../storage/gluster/glusterd/commands.ts'
import type { BrickPlace, Change } from '../../../../storage/gluster/plan/facts.ts'

const brick = (number: number): BrickPlace => ({ pc: `pc-${number}`, path: '/brick/home' })
const said = (change: Change): string[] => commandsOf('home', change).map((words) => words.join(' '))

test('each change is a few calls of gluster', (t) => {
  const bricks = [brick(1), brick(2), brick(3)]
  const options = { 'client.ssl': 'on', 'auth.ssl-allow': 'pc-1,pc-2' }
  const three = 'pc-1:/brick/home pc-2:/brick/home pc-3:/brick/home'
  t.deepEqual(said({ change: 'create', width: 3, arbiters: 0, bricks, options }), [
    `volume create home replica 3 ${three}`,
    'volume set home client.ssl on auth.ssl-allow pc-1,pc-2',
  ])
  t.deepEqual(said({ change: 'create', width: 3, arbiters: 1, bricks, options: {} }), [
    `volume create home replica 3 arbiter 1 ${three}`,
  ])
  t.deepEqual(said({ change: 'create', width: 1, arbiters: 0, bricks: [brick(1)], options: {} }), [
    'volume create home pc-1:/brick/home',
  ])
  t.deepEqual(said({ change: 'start', force: true }), ['volume start home force'])
  t.deepEqual(said({ change: 'replace', from: brick(1), to: brick(4) }), [
    'volume replace-brick home pc-1:/brick/home pc-4:/brick/home commit force',
  ])
  t.deepEqual(said({ change: 'reset', brick: brick(1), id: 'other' }), [
    'volume reset-brick home pc-1:/brick/home start',
    'volume reset-brick home pc-1:/brick/home pc-1:/brick/home commit force',
  ])
  t.deepEqual(said({ change: 'raise', width: 5, arbiters: 0, bricks: [brick(4), brick(5)] }), [
    'volume add-brick home replica 5 pc-4:/brick/home pc-5:/brick/home',
  ])
  t.deepEqual(said({ change: 'lower', width: 3, bricks: [brick(4), brick(5)] }), [
    'volume remove-brick home replica 3 pc-4:/brick/home pc-5:/brick/home force',
  ])
  t.deepEqual(said({ change: 'add-set', bricks: [brick(4)] }), ['volume add-brick home pc-4:/brick/home'])
  t.deepEqual(said({ change: 'fence', pc: 'pc-2', allowed: 'pc-1' }), ['volume set home auth.ssl-allow pc-1'])
  t.deepEqual(said({ change: 'wipe', pc: 'pc-2' }), [])
  t.deepEqual(said({ change: 'options', options: {} }), [])
})

test('a word that is none of ours reaches no command', (t) => {
  const wrong: readonly Change[] = [
    { change: 'probe', pc: '--mode=interactive' },
    { change: 'probe', pc: 'pc-1 force' },
    { change: 'probe', pc: 'PC_1' },
    { change: 'detach', pc: '' },
    { change: 'replace', from: brick(1), to: { pc: 'pc-2', path: '/brick/../etc' } },
    { change: 'replace', from: brick(1), to: { pc: 'pc-2', path: 'brick' } },
    { change: 'options', options: { 'client.ssl on server.ssl': 'off' } },
    { change: 'options', options: { 'auth.ssl-allow': '' } },
    { change: 'options', options: { 'auth.ssl-allow': '--xml' } },
    { change: 'fence', pc: 'pc-2', allowed: 'pc-1 server.ssl off' },
  ]
  for (const change of wrong)
    t.throws(() => commandsOf('home', change), { message: /is no word for Gluster/ })
  t.throws(() => commandsOf('all force', { change: 'heal' }), { message: /is no word for Gluster/ })
})
