/** `test/`: Tests, in folders like those of what they test. `harness/` is what they share; `run/` runs them all. */

import { parseArgs } from 'node:util'
import { locate, SET_NAMES, type SetName } from '../../lab/binaries/locate.ts'
import { IN_ROOM } from '../../lab/delivery/deliver.ts'
import { buildImages } from '../../lab/images/build.ts'
import { runCovered } from './coverage.ts'
import { runLane } from './lane.ts'
import {
  aloneLane,
  drill,
  inRoom,
  type Kind,
  kindOf,
  onGluster,
  onLab,
  onLabs,
  onLastLab,
  unitLane,
} from './lanes.ts'
import { inTurn, type Part, run } from './run.ts'
import { NOTHING_RUN } from './summary.ts'

const HELP = `npm test                      everything: what needs no lab, the lab, the room, Gluster
npm test -- FILE...           these test files alone, with what their kind needs: a lab with the platform, a room
npm run test:unit             what needs no lab
npm run test:unit -- --coverage   and what of production code it does not reach
npm run drill                 what takes too long for that: each PC of a room off in turn, large pools of Gluster,
                              Flux, and whether a room leaves this machine as it was

Ends with what failed, whole, and one line "N passed, N failed"; exit code 0 when nothing failed.`

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    coverage: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

const unit: Part = (surroundings) => runLane(unitLane(), surroundings)
const covered: Part = (surroundings) => runCovered(unitLane(), surroundings, { table: values.coverage })
/** It compares the machine before and after, so nothing else of this run is beside it. */
const alone: Part = (surroundings) => runLane(aloneLane(), surroundings)

/** What drills alone run, and a new machine would build for minutes. */
const FOR_DRILLS: readonly SetName[] = ['flux', 'cert-manager']

/** The other binaries. On a new machine they take a quarter of an hour, and a test tells its progress only when it has ended. */
const buildAll: Part = async ({ say }) => {
  const names = SET_NAMES.filter((name) => !FOR_DRILLS.includes(name))
  await locate(names, { assets: process.env.KUBEBUILDER_ASSETS, progress: say })
  return NOTHING_RUN
}

/** Images of the room, which tests of desktops on the lab need too: neither then waits for the other one to build them. */
const images: Part = async ({ say }) => {
  await buildImages(IN_ROOM, say)
  return NOTHING_RUN
}

/**
 * A room alone has more to do than two processors can: what stands beside it runs out of its patience, or it does. Tests on a
 * lab and on Gluster wait more than they compute.
 */
const EVERYTHING = [
  [covered],
  [buildAll, images],
  [inRoom()],
  [...onLabs(), inTurn(onGluster(), onLastLab())],
]

/** What runs test files of one kind. */
const BY_KIND: Readonly<Record<Kind, (files: readonly string[]) => Part>> = {
  unit: (files) => (surroundings) => runLane(unitLane(files), surroundings),
  'room-alone': (files) => (surroundings) => runLane(aloneLane(files), surroundings),
  lab: onLab,
  room: (files) => inRoom(files),
  gluster: onGluster,
  drill,
  kind: () => async () => {
    throw new Error('tests on kind need Docker: npm run kind, then npm run test:kind')
  },
}

function chosen(files: readonly string[]): Part[][] {
  const byKind = Map.groupBy(files, kindOf)
  return [...byKind].map(([kind, own]) => [BY_KIND[kind](own)])
}

const [first] = positionals
if (values.help) console.log(HELP)
else if (first === undefined) await run(EVERYTHING)
else if (first === 'unit') await run([[values.coverage ? covered : unit]])
else if (first === 'drill') await run([[alone], [drill()]])
else await run(chosen(positionals))
