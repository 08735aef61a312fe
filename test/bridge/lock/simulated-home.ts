import type { Generation } from '../../../bridge/lock/decide.ts'
import type { LockStore } from '../../../bridge/lock/store.ts'
import { type LockText, UNCLAIMED, UNCLAIMED_LOCK } from '../../../config/home-lock.ts'
import type { FakeTime } from '../../harness/clock.ts'

/** One pod's way to the home: how long its next operations take, and whether it is cut off. */
export interface Way {
  /** Milliseconds before and after the moment at which an operation happens. */
  delay(): number
  /** Until then nothing gets through: operations hang, as on a dead network file system. */
  cutUntil: number
}

/** A file keeps its identity when it is renamed: whoever has opened it writes into it under its new name. */
interface File {
  said: LockText
}

/** The files of one home, laid out as storage does, and each pod's view of them. */
export function makeHome(time: FakeTime, laidOut = true) {
  const files = new Map<number, File>(laidOut ? [[UNCLAIMED, { said: UNCLAIMED_LOCK }]] : [])
  const through = async (way: Way): Promise<void> => {
    const clock = time.clock(0)
    await clock.sleep(way.delay())
    while (time.now() < way.cutUntil) await clock.sleep(way.cutUntil - time.now())
  }
  return {
    files,
    store: (way: Way): LockStore => {
      const operation = async <T>(effect: () => T): Promise<T> => {
        await through(way)
        const result = effect()
        await through(way)
        return result
      }
      return {
        look: () =>
          operation(() =>
            [...files].map(([generation, { said }]): Generation => {
              const { pod, free } = said.generation === generation ? said : { pod: '', free: false }
              return { generation, pod, free, text: JSON.stringify(said) }
            }),
          ),
        lay: (said) =>
          operation(() => {
            if (!files.has(said.generation)) files.set(said.generation, { said })
          }),
        take: (from, to) =>
          operation(() => {
            const file = files.get(from)
            if (!file) return false
            files.delete(from)
            files.set(to, file)
            return true
          }),
        async write(said) {
          const file = await operation(() => files.get(said.generation))
          if (!file) throw new Error('ENOENT')
          await operation(() => {
            file.said = said
          })
        },
        drop: (generation) => operation(() => void files.delete(generation)),
      }
    },
  }
}
