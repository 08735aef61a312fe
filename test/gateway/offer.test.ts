import test from 'ava'
import { idleLimit, readOffer, templatesFor, titleOf } from '../../gateway/offer.ts'
import { identity, OFFER } from './offered.ts'

const MINUTE = 60_000

test('an offer is read as the chart writes it, and a spoilt one is refused', (t) => {
  t.deepEqual(readOffer(JSON.stringify(OFFER)), OFFER)
  for (const spoilt of [
    'no JSON',
    JSON.stringify({ ...OFFER, templates: [] }),
    JSON.stringify({ ...OFFER, desktops: { ...OFFER.desktops, atMost: 0 } }),
    JSON.stringify({ ...OFFER, templates: [{ ...OFFER.templates[0], idle: '0m' }] }),
    JSON.stringify({ ...OFFER, templates: [{ ...OFFER.templates[0], groups: [] }] }),
  ])
    t.throws(() => readOffer(spoilt), undefined, spoilt)
})

test("a person may start the templates of their groups, in the administrator's order", (t) => {
  const namesFor = (...groups: string[]) =>
    templatesFor(OFFER, identity('ada', groups)).map(({ name }) => name)
  t.deepEqual(namesFor('people'), ['office', 'light'])
  t.deepEqual(namesFor('teachers'), ['studio'])
  t.deepEqual(namesFor('teachers', 'people'), ['office', 'studio', 'light'])
  t.deepEqual(namesFor(), [])
  t.deepEqual(namesFor('nobody'), [])
  t.deepEqual(namesFor('Teachers'), ['studio'], 'as LDAP compares names')
})

test('the idle limit is that of the template, in minutes or hours', (t) => {
  t.is(idleLimit(OFFER, 'office'), 30 * MINUTE)
  t.is(idleLimit(OFFER, 'studio'), 8 * 60 * MINUTE)
})

test('a template that was taken out of the offer goes by the most patient that is left', (t) => {
  t.is(idleLimit(OFFER, 'gone'), 8 * 60 * MINUTE)
  t.is(idleLimit({ templates: OFFER.templates.slice(0, 1) }, 'gone'), 30 * MINUTE)
})

test('a template without a title is called by its name', (t) => {
  t.deepEqual(OFFER.templates.map(titleOf), ['Office', 'Studio', 'light'])
})
