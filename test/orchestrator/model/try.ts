import { GUARDS } from '../../../orchestrator/guards.ts'
import { type RoomWish, room } from './rooms.ts'
import { search } from './search.ts'

const wish = JSON.parse(process.argv[2] ?? '{}') as RoomWish
const faults = (process.argv[3] ?? 'off').split(',') as never
const guards = GUARDS.filter(({ name }) => name !== process.argv[4])
const t = performance.now()
const cpu = process.cpuUsage()
const result = search(
  room(wish),
  { guards, faults, admits: true, strict: true },
  { most: Number(process.argv[5] ?? 300000) },
)
console.log(
  JSON.stringify(result, null, 1),
  Math.round(performance.now() - t),
  'ms',
  process.cpuUsage(cpu).user / 1e6,
)
