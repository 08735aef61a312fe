import { layWire } from '../../../../lab/etcd/wire.ts'
import { type Care, play, type Script } from './play.ts'

/**
 * Scenarios one after the other, each told as a line of JSON; in a network of its own. After the folder: the care, from
 * which number to which, and the seconds after which no further one is begun; or the care and a script.
 */
const [, , , care, first = '0', to = '0', seconds = '1000000'] = process.argv
const wire = layWire(12)
const tell = async (seed: number, script?: Script): Promise<void> =>
  console.log(JSON.stringify(await play(seed, wire, care as Care, script)))

if (first.startsWith('[')) await tell(0, JSON.parse(first))
else {
  const until = performance.now() + Number(seconds) * 1_000
  for (let seed = Number(first); seed < Number(to) && performance.now() < until; seed++) await tell(seed)
}
