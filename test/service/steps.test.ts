import test from 'ava'
import { finish, givingWay, type Steps } from '../../service/steps.ts'

/** Work of a fifth of a second, in steps of a millisecond. */
function* long(): Steps<string> {
  for (let step = 0; step < 200; step++) {
    const until = performance.now() + 1
    while (performance.now() < until);
    yield
  }
  return 'done'
}

test('a long computation lets others have their turn between its steps', async (t) => {
  let turns = 0
  const others = setInterval(() => turns++, 1)
  t.is(await givingWay(long()), 'done')
  const meanwhile = turns
  t.is(finish(long()), 'done')
  clearInterval(others)
  t.true(meanwhile > 5, `${meanwhile} turns`)
  t.is(turns, meanwhile, 'all at once leaves none')
})
