import test from 'ava'
import { isMaster, type MastersRoom, openRoom } from './room.ts'

/** Rooms of ten and of a hundred PCs: they grow, lose a master, and shrink. */

for (const pcs of [10, 100]) {
  let room: MastersRoom

  test.serial(`${pcs} PCs with one master: there are five at last`, async (t) => {
    t.timeout(900_000)
    room = await openRoom(pcs, 1, { count: 'auto' })
    await room.untilVoters(5)
    t.deepEqual(await room.left(), [])
    t.log(room.told.filter((one) => /^(Begun|Crowned|Done)/.test(one)).join('\n'))
  })

  test.serial(
    `${pcs} PCs with five masters: two die at once, and two others take their places`,
    async (t) => {
      t.timeout(900_000)
      const { pcs: own } = room
      const victims = (await own.voters()).slice(0, 2)
      for (const name of victims) await own.off(name)
      await room.untilVoters(5, victims)
      t.deepEqual(await room.left(), [])
      for (const name of victims) await own.on(name)
      await room.until(
        'they are workers',
        ({ deposed, operation }) => deposed.length + Number(operation !== undefined) === 0,
      )
      for (const name of victims) t.false(isMaster(await room.node(name)))
    },
  )

  test.serial(`${pcs} PCs with five masters: three are wanted, and two leave`, async (t) => {
    t.timeout(900_000)
    await room.spec({ count: 3 })
    await room.untilVoters(3)
    t.deepEqual(await room.left(), [])
    await room.end()
  })
}
