import test from 'ava'
import type { IdentitySpec } from '../../config/identity.ts'
import type { Desktop } from '../../gateway/desktops/desktop.ts'
import { leaving, OUTDATED_PATIENCE } from '../../gateway/keeper/leaving.ts'

const EARLY = '20261126040000Z'
const LATE = '20261126041500Z'
const NOW = 1_000_000

const desktop = (slug: string, more: Partial<Desktop> = {}): Desktop => ({
  slug,
  entryUUID: `entry of ${slug}`,
  template: 'office',
  version: '7',
  on: true,
  passwordSet: EARLY,
  ...more,
})
const spec = (login: string, more: Partial<IdentitySpec> = {}): IdentitySpec => ({
  login,
  uid: 10_001,
  gid: 10_000,
  groups: [],
  home: `/home/${login}`,
  shell: '/bin/bash',
  entryUUID: `entry of ${login}`,
  passwordSet: EARLY,
  ...more,
})
const among =
  (...people: IdentitySpec[]) =>
  (slug: string) =>
    people.find(({ login }) => login === slug)
const none: ReadonlyMap<string, number> = new Map()

test('who stands as they stood keeps their desktop', (t) => {
  const unknown: IdentitySpec = { ...spec('cid') }
  delete (unknown as { passwordSet?: string }).passwordSet
  const { stops } = leaving(
    [desktop('ada'), desktop('bob', { passwordSet: LATE }), desktop('cid')],
    among(spec('ada'), spec('bob'), unknown),
    none,
    NOW,
  )
  t.deepEqual(stops, [])
})

test('desktops of locked and removed people end at once', (t) => {
  const desktops = [desktop('ada'), desktop('bob'), desktop('cid', { on: false }), desktop('dan')]
  const { stops } = leaving(desktops, among(spec('ada', { locked: true }), spec('dan')), none, NOW)
  t.deepEqual(stops, [
    { slug: 'ada', version: '7', why: 'Locked' },
    { slug: 'bob', version: '7', why: 'Removed' },
  ])
})

test('a desktop of a former person of the same login ends, and one whose owner nobody wrote down', (t) => {
  const desktops = [
    desktop('ada', { entryUUID: 'entry of an earlier ada' }),
    desktop('bob', { entryUUID: '' }),
  ]
  const { stops } = leaving(desktops, among(spec('ada'), spec('bob')), none, NOW)
  t.deepEqual(
    stops.map(({ slug, why }) => [slug, why]),
    [
      ['ada', 'Removed'],
      ['bob', 'Removed'],
    ],
  )
})

test('with a new password a desktop ends, unless somebody comes in with it meanwhile', (t) => {
  const people = among(spec('ada', { passwordSet: LATE }))
  const first = leaving([desktop('ada')], people, none, NOW)
  t.deepEqual(first.stops, [])
  const soon = leaving([desktop('ada')], people, first.outdated, NOW + OUTDATED_PATIENCE - 1)
  t.deepEqual(soon.stops, [])
  const late = leaving([desktop('ada')], people, soon.outdated, NOW + OUTDATED_PATIENCE)
  t.deepEqual(late.stops, [{ slug: 'ada', version: '7', why: 'PasswordSet' }])
  const back = leaving(
    [desktop('ada', { passwordSet: LATE })],
    people,
    soon.outdated,
    NOW + OUTDATED_PATIENCE,
  )
  t.deepEqual([back.stops, [...back.outdated]], [[], []])
})

test('a desktop that does not know its password, from an earlier version, goes on', (t) => {
  const { passwordSet: _, ...old } = desktop('ada')
  t.deepEqual(leaving([old], among(spec('ada', { passwordSet: LATE })), none, NOW).stops, [])
})

test('when the people of very many desktops are gone at once, none is ended for that', (t) => {
  const desktops = ['a', 'b', 'c', 'd', 'e', 'f'].map((slug) => desktop(slug))
  t.like(leaving(desktops, among(spec('e'), spec('f')), none, NOW), { stops: [], held: 4 })
  t.is(leaving(desktops, among(...['c', 'd', 'e', 'f'].map((one) => spec(one))), none, NOW).stops.length, 2)
  const all = desktops.map(({ slug }) => spec(slug, { locked: true }))
  t.is(leaving(desktops, among(...all), none, NOW).stops.length, 6, 'a lock is no accident')
})
