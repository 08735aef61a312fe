import { randomBytes } from 'node:crypto'
import test from 'ava'
import { NAMESPACES } from '../../config/names.ts'
import { VERSION } from '../../config/version.ts'
import { addPerson, must } from '../delivery/person.ts'
import { sharedRoom } from '../harness/room.ts'
import { admissionsWhile } from './steady-admissions.ts'

/** New versions of the webhook come while pods of people are made. */

const LOGIN = `rolling-${randomBytes(2).toString('hex')}`
const IMAGE = `registry.room.example.org:5000/deskfleet:${VERSION}`
const inSystem = ['-n', NAMESPACES.system]

test('the webhook is restarted pod by pod: no pod of a person is refused', async (t) => {
  t.timeout(420_000)
  const room = await sharedRoom()
  await addPerson(room, LOGIN)
  const uid = Number(await must(room, ['get', 'identity', LOGIN, '-o', 'jsonpath={.spec.uid}']))
  const { asked, failed } = await admissionsWhile(
    room.kubeconfig,
    { login: LOGIN, uid, image: IMAGE, rate: 10 },
    async () => {
      await must(room, ['rollout', 'restart', 'deployment/webhook', ...inSystem])
      await must(room, ['rollout', 'status', 'deployment/webhook', ...inSystem, '--timeout=300s'])
    },
  )
  t.log(`${asked} pods asked about meanwhile, ${failed.length} refused`)
  t.true(asked > 50)
  t.deepEqual(failed, [])
})
