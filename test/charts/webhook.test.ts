import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { parse } from 'yaml'
import { WEBHOOK_FLAGS } from '../../charts/webhook.ts'
import { ROOM } from '../../webhook/body.ts'

/** The webhook's memory has a bound, which its container allows. */

const ROOT = join(import.meta.dirname, '../..')
const MIB = 2 ** 20

/** Reads the worst review that is read at all, four times, beside 10,000 people; tells V8's own bound in MiB. */
const WORST = `
  import { getHeapStatistics } from 'node:v8'
  import { manyPeople } from '${ROOT}/bench/webhook-people.ts'
  import '${ROOT}/webhook/service.ts'
  import { readReview } from '${ROOT}/webhook/review.ts'
  const people = manyPeople(10_000)
  const fields = Array.from({ length: 124_900 }, (_, i) => '"' + i.toString(36) + '":{}').join(',')
  const body = Buffer.from('{' + fields + ',"text":"' + 'a'.repeat(7 * 2 ** 20 - fields.length - 100) + '€"}')
  for (let time = 0; time < 4; time++) {
    const { bad } = readReview(body)
    if (bad?.status !== 400) throw new Error('it was not read: ' + bad?.message)
  }
  console.log(people.size, getHeapStatistics().heap_size_limit / 2 ** 20)
`

test('the worst review that is read fits into what values may take, and that into the container', async (t) => {
  const args = [...WEBHOOK_FLAGS, '--input-type=module', '--eval', WORST]
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 24 })
  const [people, heap = Number.NaN] = stdout.trim().split(' ').map(Number)
  t.is(people, 10_000)
  const deployment = parse(
    readFileSync(join(ROOT, 'dist/webhook/Deployment.deskfleet-system.webhook.yaml'), 'utf8'),
  )
  const [{ command, resources }] = deployment.spec.template.spec.containers
  for (const flag of WEBHOOK_FLAGS) t.true(command.includes(flag), flag)
  const limit = Number(/^(\d+)Mi$/.exec(resources.limits.memory)?.[1])
  const itself = 100
  t.true(heap + ROOM / MIB + itself <= limit, `${heap} + ${ROOM / MIB} + ${itself} of ${limit} MiB`)
})
