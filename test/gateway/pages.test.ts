import test from 'ava'
import { readToldGuard } from '../../cluster/control-plane-guard.ts'
import { sumsOf } from '../../cluster/usage-sums.ts'
import { HALT, PAUSE } from '../../config/labels.ts'
import { administrationPage, personPage } from '../../gateway/admin/page.ts'
import type { View } from '../../gateway/desktops/view.ts'
import { givenPage, helpingPage } from '../../gateway/helping/page.ts'
import { markupOf } from '../../gateway/html.ts'
import { choosePage } from '../../gateway/pages/choose.ts'
import { deskPage } from '../../gateway/pages/desk.ts'
import { firstPasswordPage } from '../../gateway/pages/first-password.ts'
import type { Frame } from '../../gateway/pages/layout.ts'
import { loginPage } from '../../gateway/pages/login.ts'
import { passwordPage } from '../../gateway/pages/password.ts'
import { onwardPage, type ProblemName, problemPage } from '../../gateway/pages/problem.ts'
import { asSent, statusOf } from '../../gateway/pages/status.ts'
import { ENGLISH } from '../../gateway/texts/english.ts'
import { OFFER } from './offered.ts'

const HOSTILE = `"><script>alert('1')</script>`
const AMOUNT = { bytes: 2, files: 1 }
const AMOUNTS = { homes: AMOUNT, shared: AMOUNT, trash: AMOUNT, other: AMOUNT }
const NOW = 1_900_000_000_000
const FRAME: Frame = {
  texts: ENGLISH,
  asset: (name) => `/assets/${name}`,
  modules: (script) => [`/assets/${script}`, '/assets/page.ts'],
}
const visited = (administrator: boolean, helper = administrator): Frame => ({
  ...FRAME,
  visitor: { name: HOSTILE, formToken: 'form-token', administrator, helper, services: false },
})
/** Values of an attribute in the order of the page. */
const values = (markup: string, attribute: string): string[] =>
  [...markup.matchAll(new RegExp(` ${attribute}="([^"]*)"`, 'g'))].map(([, value = '']) => value)

test('what people and clusters say is text on every page, never markup', (t) => {
  const off = { state: 'off' } as const
  const template = {
    ...OFFER.templates[0],
    name: HOSTILE,
    title: HOSTILE,
  } as (typeof OFFER.templates)[number]
  const view: View = { state: 'ready', pc: HOSTILE, pod: HOSTILE }
  const row = {
    slug: HOSTILE,
    state: 'ready',
    template: HOSTILE,
    pc: HOSTILE,
    trouble: HOSTILE,
    why: HOSTILE,
  } as const
  const pc = {
    name: HOSTILE,
    state: 'ready',
    desktops: 0,
    memory: { kept: 0, whole: 0 },
    cpu: { kept: 0, whole: 0 },
  } as const
  const frame = visited(true)
  const pages = [
    loginPage(FRAME, { login: HOSTILE, problem: HOSTILE, news: HOSTILE }),
    passwordPage(frame, HOSTILE, HOSTILE, HOSTILE),
    choosePage(frame, {
      templates: [template, template],
      last: HOSTILE,
      view: off,
      formToken: HOSTILE,
      now: NOW,
    }),
    deskPage(frame, {
      status: statusOf(view, ENGLISH),
      formToken: HOSTILE,
      session: HOSTILE,
      name: HOSTILE,
      closed: {},
      pixels: 1,
    }),
    administrationPage(frame, { on: 1, waiting: 0, atMost: 1, desktops: [row], pcs: [pc] }, NOW),
    administrationPage(frame, { on: 0, waiting: 0, atMost: 1, desktops: [], pcs: [] }, NOW, [], {
      volume: {
        ...{ wanted: 5, copies: 1, bytes: 2 ** 40, free: 2 ** 39, conditions: [], servers: [] },
        sets: [{ bricks: [{ pc: HOSTILE, state: HOSTILE, arbiter: false }], bytes: 1, free: 1, pending: 1 }],
        spares: [HOSTILE],
        safeToPull: [HOSTILE],
        findings: [{ severity: 'trouble', reason: 'X', where: HOSTILE, what: HOSTILE, mend: HOSTILE }],
      },
      usage: sumsOf(
        [
          { is: 'set', set: 1, measured: HOSTILE, unread: 0, ...AMOUNTS },
          { is: 'part', set: 1, homes: { [HOSTILE]: AMOUNT, two: AMOUNT } },
        ],
        [{ slug: HOSTILE, entryUUID: 'two' }],
        1,
      ),
      limit: 1,
    }),
    administrationPage(frame, { on: 0, waiting: 0, atMost: 1, desktops: [], pcs: [] }, NOW, [], undefined, {
      guard: readToldGuard({
        metadata: { annotations: { [HALT]: HOSTILE, [PAUSE]: HOSTILE } },
        spec: { mode: HOSTILE },
        status: {
          record: {
            sick: { [HOSTILE]: { as: HOSTILE, since: NOW } },
            storm: HOSTILE,
            stormUntil: NOW + 1,
            operation: {
              ...{ id: HOSTILE, kind: HOSTILE, phase: HOSTILE, since: NOW, begun: NOW },
              ...{ leaving: [{ name: HOSTILE }], heir: { name: HOSTILE, why: HOSTILE } },
              ...{ waiting: HOSTILE, failed: HOSTILE },
            },
          },
        },
      }),
      masters: [{ pc: HOSTILE, sick: { as: HOSTILE, since: NOW }, way: undefined, since: NOW, ready: true }],
    }),
    personPage(frame, {
      slug: HOSTILE,
      row,
      formToken: HOSTILE,
      now: NOW,
      lock: { entryUUID: HOSTILE, uid: 1, since: HOSTILE, reason: HOSTILE },
      news: { kind: 'bad', text: HOSTILE },
    }),
    helpingPage(frame, { formToken: HOSTILE, own: HOSTILE, login: HOSTILE, problem: HOSTILE }),
    givenPage(frame, { login: HOSTILE, name: HOSTILE, password: HOSTILE }),
    firstPasswordPage(FRAME, { login: HOSTILE, problem: HOSTILE }),
    problemPage(frame, 'browser'),
  ]
  for (const one of pages) {
    const markup = markupOf(one)
    t.notRegex(markup, /<script>|alert\('/)
    t.regex(markup, /&quot;&gt;&lt;script&gt;/)
  }
})

test('no page has a script or a style of its own: the browser would not run it', (t) => {
  const status = statusOf({ state: 'coming', step: 'image', again: false }, ENGLISH)
  const pages = [
    loginPage(FRAME, {}),
    deskPage(visited(false), {
      status,
      formToken: 'x',
      session: 'x',
      name: 'ada',
      closed: { taken: 4001 },
      pixels: 1,
    }),
    onwardPage(FRAME),
  ]
  for (const one of pages) {
    t.notRegex(markupOf(one), /<script(?![^>]* src=)|<style| style="| on[a-z]+="/)
  }
})

test('every problem has a page with its words and a way out', (t) => {
  const names = Object.keys(ENGLISH.problems).filter((name) => name !== 'wayOut') as ProblemName[]
  t.true(names.length > 3)
  for (const name of names) {
    const { title } = ENGLISH.problems[name]
    const outside = markupOf(problemPage(FRAME, name))
    t.true(outside.includes(`<title>${title.replaceAll("'", '&#39;')} · `), name)
    t.true(values(outside, 'href').includes('/login'), name)
    t.true(values(markupOf(problemPage(visited(false), name)), 'href').includes('/desktop'), name)
  }
})

test("the administrator's page is in the bar for administrators alone", (t) => {
  const of = (administrator: boolean) =>
    values(markupOf(passwordPage(visited(administrator), 'x', 'ada')), 'href').includes('/administration')
  t.deepEqual([of(true), of(false)], [true, false])
})

test("the helpers' page is in the bar and on the desktop for helpers alone", (t) => {
  const status = statusOf({ state: 'coming', step: 'image', again: false }, ENGLISH)
  const desk = { status, formToken: 'x', session: 'x', name: 'ada', closed: {}, pixels: 1 }
  for (const helper of [true, false]) {
    const frame = visited(false, helper)
    for (const shown of [passwordPage(frame, 'x', 'ada'), deskPage(frame, desk)])
      t.is(values(markupOf(shown), 'href').includes('/helping'), helper)
  }
})

test('of one template there is nothing to choose; of several the last one is chosen, or the first', (t) => {
  const choose = (templates: typeof OFFER.templates, last?: string) =>
    markupOf(
      choosePage(visited(false), { templates, last, view: { state: 'off' }, formToken: 'x', now: NOW }),
    )
  const checked = (markup: string) => /value="([^"]+)" checked/.exec(markup)?.[1]
  t.regex(choose(OFFER.templates.slice(0, 1)), /type="hidden" name="template" value="office"/)
  t.is(checked(choose(OFFER.templates, 'light')), 'light')
  t.is(checked(choose(OFFER.templates, 'gone')), 'office')
})

test('why a desktop is off is said with how long ago', (t) => {
  const view = { state: 'off', why: 'Idle', at: NOW - 5 * 60_000 } as const
  const markup = markupOf(
    choosePage(visited(false), {
      templates: OFFER.templates,
      last: 'office',
      view,
      formToken: 'x',
      now: NOW,
    }),
  )
  t.true(markup.includes(ENGLISH.choose.ago(5 * 60_000)))
})

test('a page is told the time that is left, and no moment of our clock', (t) => {
  const ready = { state: 'ready', pc: 'pc-1', pod: 'p' } as const
  const sent = asSent(statusOf({ ...ready, stopsAt: NOW + 17_000 }, ENGLISH), NOW)
  t.is(sent.stopsIn, 17_000)
  t.false(JSON.stringify(sent).includes(String(NOW).slice(0, 6)))
  t.is(asSent(statusOf(ready, ENGLISH), NOW).stopsIn, undefined)
})

const stepsOf = (view: View) => statusOf(view, ENGLISH).steps.map(({ state }) => state)

test('the steps go on with the pod, and the home comes once a PC is found', (t) => {
  const coming = (step: 'asked' | 'found' | 'image' | 'start'): View => ({
    state: 'coming',
    step,
    again: false,
  })
  t.deepEqual(stepsOf(coming('asked')), ['done', 'now', 'todo', 'todo', 'todo'])
  t.deepEqual(stepsOf(coming('found')), ['done', 'done', 'now', 'todo', 'todo'])
  t.deepEqual(stepsOf(coming('image')), ['done', 'done', 'done', 'now', 'todo'])
  t.deepEqual(stepsOf(coming('start')), ['done', 'done', 'done', 'done', 'now'])
  t.deepEqual(stepsOf({ state: 'ready', pc: 'pc-1', pod: 'p' }), ['done', 'done', 'done', 'done', 'done'])
})

test('trouble is told in its own words, whatever step it is', (t) => {
  for (const fault of [
    'image',
    'home',
    'held',
    'crash',
    'refused',
    'full',
    'quota',
    'lock',
    'session',
  ] as const) {
    const status = statusOf({ state: 'coming', step: 'found', again: true, fault }, ENGLISH)
    t.true(status.trouble)
    t.is(status.text, ENGLISH.progress.fault[fault])
  }
  t.false(statusOf({ state: 'coming', step: 'found', again: true }, ENGLISH).trouble)
})

test('a person in the queue is told their place; one who waits for an earlier desktop to end is not', (t) => {
  const waiting = (why: 'turn' | 'full' | 'ending') =>
    statusOf({ state: 'waiting', place: 2, of: 3, why, since: NOW }, ENGLISH).more
  t.is(waiting('full'), ENGLISH.waiting.place(2, 3))
  t.is(waiting('turn'), ENGLISH.waiting.place(2, 3))
  t.is(waiting('ending'), undefined)
})

test('a page of a desktop that is not ready looks again by itself where no script runs', (t) => {
  const desk = (view: View) =>
    markupOf(
      deskPage(visited(false), {
        status: statusOf(view, ENGLISH),
        formToken: 'x',
        session: 'x',
        name: 'ada',
        closed: {},
        pixels: 1,
      }),
    )
  t.regex(
    desk({ state: 'coming', step: 'asked', again: false }),
    /<noscript><meta http-equiv="refresh" content="3">/,
  )
  t.notRegex(desk({ state: 'ready', pc: 'pc-1', pod: 'p' }), /http-equiv="refresh"/)
})
