import { join } from 'node:path'
import test from 'ava'
import { inNamespace } from '../../harness/namespace.ts'

test('from three dead masters and one copy to an API that has the same', async (t) => {
  t.timeout(300_000)
  const { code, lines, stderr } = await inNamespace(join(import.meta.dirname, 'story.ts'))
  t.is(code, 0, stderr)
  t.deepEqual(lines, [
    'a copy that three members agree with, and the cluster knows of it',
    'refused beside a room that lives',
    'refused beside one member without a majority',
    'refused with another key, a wrong name, no copy',
    'a dry run said each step and changed nothing',
    'a damaged copy was passed over',
    'the API has the same objects, with their uids and versions',
    'Secrets that are encrypted in etcd are read',
    'tokens and certificates of before count',
    'who watches since before begins anew',
    'one master stands, and takes writes',
    'what was there is laid aside, and nothing opened is left',
    'refused where it was done already',
  ])
})
