import test from 'ava'
import fc from 'fast-check'
import { decide } from '../../storage/homes/decide.ts'
import type { HomeFact, HomeOwner, Observed } from '../../storage/homes/facts.ts'
import {
  claimFact,
  homeFact,
  person,
  settled,
  uuidOf,
  volumeFact,
  withClaim,
  withHome,
  withVolume,
} from './facts.ts'

const ada = person('ada', 1)
const bob = person('bob', 2)
const RULES = { trashAfter: 1_000, folders: [] }
const judge = (observed: Observed, missing: ReadonlyMap<string, number> = new Map(), now = 0) =>
  decide(observed, missing, now, RULES)
const reasons = (observed: Observed) =>
  judge(observed).verdicts.map(({ person: { slug }, problem }) => `${slug} ${problem?.reason ?? 'Ready'}`)

const READY = {
  type: 'HomeReady',
  status: 'True',
  reason: 'Ready',
  message: '',
  observedGeneration: 1,
} as const

test('whoever has everything is ready, and nothing is done', (t) => {
  const decision = judge(settled([ada, bob]))
  t.deepEqual(reasons(settled([ada, bob])), ['ada Ready', 'bob Ready'])
  t.deepEqual([decision.homes, decision.pairs, decision.departures, decision.unfinished], [[], [], [], false])
})

test('what a condition says already is not said again', (t) => {
  const condition = { ...READY, message: 'as before' }
  t.deepEqual(judge(settled([{ ...ada, condition }])).verdicts, [])
})

test('a condition of an older spec is said again for the present one', (t) => {
  const changed = { ...ada, generation: 2, condition: READY }
  t.deepEqual(reasons(settled([changed])), ['ada Ready'])
  const lost: Observed = { ...settled([changed]), disk: { state: 'empty' } }
  const said = judge(lost).verdicts[0]?.problem
  const known = {
    ...READY,
    status: 'False',
    reason: said?.reason ?? '',
    message: said?.message ?? '',
  } as const
  t.deepEqual(reasons({ ...lost, people: [{ ...ada, condition: known }] }), [])
  t.deepEqual(reasons({ ...lost, people: [{ ...changed, condition: known }] }), ['ada StorageNotThere'])
})

test('a new person gets a home and a volume, and is ready only once they were seen', (t) => {
  const eve = person('eve', 3)
  const decision = judge({ ...settled([ada]), people: [ada, eve] })
  t.deepEqual(decision.homes, [eve])
  t.deepEqual(
    decision.pairs.map(({ pair, step }) => [pair.volume, step.step]),
    [['deskfleet-home-eve', 'make-volume']],
  )
  t.false(decision.verdicts.some((one) => one.person.slug === 'eve'))
  t.true(decision.unfinished)
})

const WRONG: readonly [string, HomeFact][] = [
  ['WrongOwner', homeFact(ada, { uid: bob.uid })],
  ['WrongMode', homeFact(ada, { mode: 0o770 })],
  ['WrongMarker', homeFact(ada, { marker: 'wrong' })],
  ['WrongMarker', homeFact(ada, { marker: { entryUUID: bob.entryUUID, login: 'ada' } })],
  ['NoRealDirectory', { kind: 'other' }],
]
for (const [index, [reason, fact]] of WRONG.entries()) {
  test(`a home that is not as it must be is neither used nor mended: ${reason} (${index})`, (t) => {
    const observed = withHome(settled([ada]), ada, fact)
    t.deepEqual(reasons(observed), [`ada ${reason}`])
    const { homes, markers, pairs, departures } = judge(observed)
    t.deepEqual([homes, markers, pairs, departures], [[], [], [], []])
  })
}

test('a home whose marker the person deleted gets it again', (t) => {
  t.deepEqual(judge(withHome(settled([ada]), ada, homeFact(ada, { marker: 'missing' }))).markers, [ada])
})

test('an empty directory is taken as new only where no home was ever made', (t) => {
  const empty = { people: [ada], disk: { state: 'empty' as const }, volumes: new Map(), claims: new Map() }
  t.true(judge(empty).found)
  const condition = READY
  for (const used of [
    { ...empty, people: [{ ...ada, condition }] },
    { ...empty, volumes: settled([ada]).volumes },
  ]) {
    t.false(judge(used).found)
    t.deepEqual(judge(used).homes, [])
    t.deepEqual(reasons(used), ['ada StorageNotThere'])
  }
})

test("volumes and claims that are somebody else's are never touched", (t) => {
  for (const observed of [
    withVolume(settled([ada]), volumeFact(ada, { path: '/etc' })),
    withVolume(settled([ada]), volumeFact(ada, { ours: false })),
    withVolume(settled([ada]), volumeFact(ada, { claim: 'default/home-ada' })),
  ]) {
    t.deepEqual(reasons(observed), ['ada VolumeForeign'])
    t.deepEqual(judge(observed).pairs, [])
  }
  t.deepEqual(reasons(withClaim(settled([ada]), claimFact(ada, { volume: 'other' }))), ['ada ClaimForeign'])
})

test('a volume that remembers a claim which is gone is released for the new one', (t) => {
  const { pairs } = judge(withClaim(settled([ada]), claimFact(ada, { uid: 'made-anew', bound: false })))
  t.deepEqual(
    pairs.map(({ step }) => step),
    [{ step: 'release', claimUid: 'uid-of-home-ada' }],
  )
})

test('a login made anew gets a new home, after everything of the former person went', (t) => {
  const anew = person('ada', 9, { uid: ada.uid })
  let observed: Observed = { ...settled([ada, bob]), people: [anew, bob] }
  const first = judge(observed)
  t.deepEqual([first.homes, first.pairs], [[], []])
  t.deepEqual(first.departures, [{ step: 'remove-claim', claim: 'home-ada', uid: 'uid-of-home-ada' }])
  t.true(reasons(observed).includes('ada FormerPerson'))
  // A pod of the former person still runs.
  t.deepEqual(judge(withClaim(observed, claimFact(ada, { leaving: true }))).departures, [])
  observed = { ...observed, claims: new Map([...observed.claims].filter(([name]) => name !== 'home-ada')) }
  t.deepEqual(judge(observed).departures, [
    { step: 'trash', entryUUID: ada.entryUUID, login: 'ada', volume: 'deskfleet-home-ada' },
  ])
})

test('a removed person keeps the home for a while, then claim, home, volume go in that order', (t) => {
  const observed = { ...settled([ada, bob]), people: [bob] }
  const first = judge(observed, new Map(), 5_000)
  t.deepEqual(first.departures, [])
  t.deepEqual([...first.missing], [[ada.entryUUID, 5_000]])
  t.is(judge(observed, first.missing, 6_000).departures[0]?.step, 'remove-claim')
  t.deepEqual(judge(settled([ada, bob]), first.missing, 9_000).missing.size, 0)
})

test('a claim that only names the volume of a home does not stand for it', (t) => {
  const anew = person('ada', 9, { uid: ada.uid })
  const observed: Observed = { ...settled([ada, bob]), people: [anew, bob] }
  const foreign = claimFact(ada, { name: 'anything', uid: 'foreign', bound: false, leaving: true })
  const whole = withClaim(observed, foreign)
  t.deepEqual(judge(whole).departures, [{ step: 'remove-claim', claim: 'home-ada', uid: 'uid-of-home-ada' }])
  const without = new Map([...whole.claims].filter(([name]) => name !== 'home-ada'))
  t.is(judge({ ...whole, claims: without }).departures[0]?.step, 'trash')
})

test('a person whose login changed keeps the home, and gets a volume of the new name', (t) => {
  const renamed = person('lovelace', 1)
  const decision = judge({ ...settled([ada, bob]), people: [renamed, bob] }, new Map(), 1e6)
  t.deepEqual(decision.departures, [{ step: 'remove-claim', claim: 'home-ada', uid: 'uid-of-home-ada' }])
  t.deepEqual(
    [decision.homes, decision.pairs.map(({ pair }) => pair.volume)],
    [[], ['deskfleet-home-lovelace']],
  )
})

/** Counts how often everything was gone through. */
class Counted<T> extends Map<string, T> {
  rounds = 0
  override values() {
    this.rounds++
    return super.values()
  }
}

test('ten thousand people take no more rounds over the volumes than one does', (t) => {
  const rounds = (count: number): number => {
    const observed = settled(Array.from({ length: count }, (_, number) => person(`p${number}`, number + 1)))
    const volumes = new Counted(observed.volumes)
    t.is(judge({ ...observed, volumes }).ready, count)
    return volumes.rounds
  }
  t.is(rounds(10_000), rounds(1))
})

test('when many people are missing at once, every home stays', (t) => {
  const all = Array.from({ length: 20 }, (_, number) => person(`p${number}`, number + 1))
  const missing = new Map(all.map((one) => [one.entryUUID, 0]))
  const few = judge({ ...settled(all), people: all.slice(3) }, missing, 1e6)
  t.is(few.departures.length, 3)
  const many = judge({ ...settled(all), people: all.slice(5) }, missing, 1e6)
  t.deepEqual(many.departures, [])
  t.is(many.findings.length, 1)
  t.deepEqual(judge({ ...settled(all), people: [] }, missing, 1e6).departures, [])
})

test('names that could leave the directory are refused', (t) => {
  for (const more of [
    { entryUUID: '../../../../../../../../etc/passwd-x-x' },
    { login: '..' },
    { slug: 'a/b' },
  ]) {
    const eve = person('eve', 3, more)
    const decision = judge({ ...settled([ada]), people: [ada, eve] })
    t.deepEqual([decision.homes, decision.pairs], [[], []])
    t.is(decision.verdicts.find((one) => one.person === eve)?.problem?.reason, 'EntryUnfit')
  }
})

test('whatever stands: nobody who is published loses a home, nobody is ready with the home of another', (t) => {
  const fact = (of: HomeOwner) =>
    fc.constantFrom<HomeFact | undefined>(
      undefined,
      homeFact(of),
      homeFact(of, { uid: 1 }),
      homeFact(of, { marker: 'missing' }),
      { kind: 'other' },
    )
  const present = fc.record({ number: fc.integer({ min: 1, max: 8 }), there: fc.boolean() })
  fc.assert(
    fc.property(
      fc.uniqueArray(present, { selector: (one) => one.number, maxLength: 8 }),
      fc.tuple(...Array.from({ length: 8 }, (_, index) => fact(person(`p${index + 1}`, index + 1)))),
      (known, facts) => {
        const all = known.map(({ number }) => person(`p${number}`, number))
        const people = all.filter((_, index) => known[index]?.there)
        let observed: Observed = { ...settled(all), people }
        for (const one of all) observed = withHome(observed, one, facts[one.uid - 10_001])
        const decision = judge(observed, new Map(all.map((one) => [one.entryUUID, 0])), 1e6)
        const living = new Set(people.map((one) => one.entryUUID))
        for (const one of decision.departures) {
          if (one.step === 'trash' && living.has(one.entryUUID)) return false
          if (one.step === 'remove-claim' && people.some(({ slug }) => one.claim === `home-${slug}`))
            return false
        }
        return decision.verdicts.every(
          (one) => one.problem || facts[one.person.uid - 10_001]?.kind === 'directory',
        )
      },
    ),
  )
  t.true(uuidOf(1) !== uuidOf(2))
})

test('folders of programs are made where nothing stands, and only in a storage directory that is there', (t) => {
  const pages = { path: 'services/wiki/pages', uid: 1_000 }
  const rules = { ...RULES, folders: [{ path: 'copies', uid: 65_532 }, pages] }
  const whole = settled([ada])
  const folders = (disk: Observed['disk']) => decide({ ...whole, disk }, new Map(), 0, rules).folders
  t.true(whole.disk.state === 'there')
  if (whole.disk.state === 'there')
    t.deepEqual(folders({ ...whole.disk, folders: new Set(['copies']) }), [pages])
  t.deepEqual(folders({ state: 'empty' }), [])
})
