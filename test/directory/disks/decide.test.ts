import test from 'ava'
import { decide } from '../../../directory/disks/decide.ts'
import type { Claim, Disk, Facts, Pc, Server } from '../../../directory/disks/facts.ts'

const MINUTE = 60_000
const NOW = Date.UTC(2026, 10, 26, 12)
const RULES = { servers: 3, moveAfter: 10 * MINUTE }

const pc = (name: string, given: Partial<Pc> = {}): Pc => ({
  name,
  hostname: name,
  ready: true,
  since: NOW - 24 * 60 * MINUTE,
  open: true,
  ...given,
})
const silent = (name: string, minutes: number): Pc =>
  pc(name, { ready: false, since: NOW - minutes * MINUTE })
const claim = (ordinal: number, given: Partial<Claim> = {}): Claim => ({
  name: `data-ldap-${ordinal}`,
  uid: `claim-${ordinal}`,
  ours: true,
  chosen: `pc-${ordinal}`,
  leaving: false,
  ...given,
})
const disk = (ordinal: number): Disk => ({
  name: `deskfleet-ldap-claim-${ordinal}`,
  claimUid: `claim-${ordinal}`,
  pc: `pc-${ordinal}`,
})
const server = (ordinal: number, given: Partial<Server> = {}): Server => ({
  name: `ldap-${ordinal}`,
  uid: `pod-${ordinal}`,
  claim: `data-ldap-${ordinal}`,
  pc: `pc-${ordinal}`,
  ready: true,
  ...given,
})

/** Three servers on three of four PCs, all well. */
const WELL: Facts = {
  claims: [0, 1, 2].map((ordinal) => claim(ordinal)),
  disks: [0, 1, 2].map(disk),
  servers: [0, 1, 2].map((ordinal) => server(ordinal)),
  pcs: [0, 1, 2, 3].map((number) => pc(`pc-${number}`)),
}
const SILENT: Facts = {
  ...WELL,
  servers: [server(0), server(1, { ready: false }), server(2)],
  pcs: [pc('pc-0'), silent('pc-1', 11), pc('pc-2'), pc('pc-3')],
}
const movesOf = (facts: Facts, rules = RULES): string[] =>
  decide(facts, NOW, rules).steps.flatMap((step) => (step.step === 'move' ? [step.claim.name] : []))

test('where all is well, nothing is to be done', (t) => {
  t.deepEqual(decide(WELL, NOW, RULES), { steps: [], waiting: [] })
})

test('a claim gets the folder of the PC that the scheduler chose, once', (t) => {
  const facts = { ...WELL, disks: [disk(0), disk(1)] }
  t.deepEqual(decide(facts, NOW, RULES).steps, [{ step: 'make-disk', claim: claim(2), pc: pc('pc-2') }])
})

test('no folder for a claim without a PC, of another class, or that is being removed', (t) => {
  for (const given of [{ chosen: undefined }, { chosen: 'pc-9' }, { ours: false }, { leaving: true }]) {
    const facts = { ...WELL, disks: [disk(0), disk(1)], claims: [claim(0), claim(1), claim(2, given)] }
    t.deepEqual(decide(facts, NOW, RULES).steps, [], JSON.stringify(given))
  }
})

test('a volume whose claim is gone is forgotten; one of a claim that was made anew gets another', (t) => {
  const anew = claim(2, { uid: 'claim-2-anew' })
  const facts = { ...WELL, claims: [claim(0), claim(1), anew] }
  t.deepEqual(decide(facts, NOW, RULES).steps, [
    { step: 'make-disk', claim: anew, pc: pc('pc-2') },
    { step: 'forget-disk', disk: disk(2) },
  ])
})

test('a server leaves a PC that is silent for too long, or that is no PC of the room any more', (t) => {
  t.deepEqual(decide(SILENT, NOW, RULES).steps, [
    {
      step: 'move',
      claim: claim(1),
      server: server(1, { ready: false }),
      why: 'pc-1 has been silent since 2026-11-26T11:49:00.000Z',
    },
  ])
  const removed = { ...SILENT, servers: [server(0), server(2)], pcs: [pc('pc-0'), pc('pc-2'), pc('pc-3')] }
  t.like(decide(removed, NOW, RULES).steps[0], {
    step: 'move',
    server: undefined,
    why: 'pc-1 is no PC of the room any more',
  })
})

test('not before its time, nor where nobody says since when it is silent', (t) => {
  for (const one of [silent('pc-1', 9), pc('pc-1', { ready: false, since: undefined })]) {
    const facts = { ...SILENT, pcs: [pc('pc-0'), one, pc('pc-2'), pc('pc-3')] }
    t.deepEqual(movesOf(facts), [])
  }
})

test('never while another one lacks something, and it is told', (t) => {
  for (const ready of [0, 1]) {
    const others = [server(0, { ready: ready > 0 }), server(2, { ready: false })]
    const facts = { ...SILENT, servers: [...others, server(1, { ready: false })] }
    t.deepEqual(movesOf(facts), [])
    t.regex(
      decide(facts, NOW, RULES).waiting[0]?.why ?? '',
      new RegExp(`only ${ready} of the other 2 have everything`),
    )
  }
})

test('never where it is the only one that has the people', (t) => {
  const alone = { ...SILENT, claims: [claim(1)], disks: [disk(1)], servers: [server(1, { ready: false })] }
  const { steps, waiting } = decide(alone, NOW, { ...RULES, servers: 1 })
  t.deepEqual(steps, [])
  t.regex(waiting[0]?.why ?? '', /no other server has its people/)
})

test('never where no other PC would take it', (t) => {
  for (const other of [silent('pc-3', 1), pc('pc-3', { open: false })]) {
    const facts = { ...SILENT, pcs: [pc('pc-0'), silent('pc-1', 11), pc('pc-2'), other] }
    t.deepEqual(movesOf(facts), [])
    t.regex(decide(facts, NOW, RULES).waiting[0]?.why ?? '', /no other PC without a server is ready/)
  }
})

test('of several dead PCs at once none is left, whatever is said of the rest', (t) => {
  for (let dead = 0; dead < 8; dead++) {
    for (let lacking = 0; lacking < 8; lacking++) {
      const has = (bits: number, ordinal: number): boolean => (bits & (1 << ordinal)) > 0
      const facts: Facts = {
        ...WELL,
        servers: [0, 1, 2].map((ordinal) =>
          server(ordinal, { ready: !has(dead, ordinal) && !has(lacking, ordinal) }),
        ),
        pcs: [
          ...[0, 1, 2].map((ordinal) =>
            has(dead, ordinal) ? silent(`pc-${ordinal}`, 60) : pc(`pc-${ordinal}`),
          ),
          pc('pc-3'),
          pc('pc-4'),
        ],
      }
      const moves = movesOf(facts)
      t.true(moves.length <= 1)
      for (const name of moves)
        t.is(facts.servers.filter((one) => one.ready && one.claim !== name).length, 2, `${dead} ${lacking}`)
    }
  }
})

test('one that was stopped half-way goes on: the claim goes, and only what is left on the dead PC goes with it', (t) => {
  const leaving = { ...SILENT, claims: [claim(0), claim(1, { leaving: true }), claim(2)] }
  t.like(decide(leaving, NOW, RULES).steps[0], { step: 'move', server: server(1, { ready: false }) })
  const next = server(1, { uid: 'pod-1-anew', pc: '', ready: false })
  t.like(decide({ ...leaving, servers: [server(0), next, server(2)] }, NOW, RULES).steps[0], {
    step: 'move',
    server: undefined,
  })
})
