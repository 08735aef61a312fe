import { join } from 'node:path'
import { ApiException } from '@kubernetes/client-node'
import test from 'ava'
import { openCluster, readOf } from '../../cli/cluster.ts'

test('a kubeconfig that is not there is named, with what to do', (t) => {
  const path = join(import.meta.dirname, 'nowhere')
  t.throws(() => openCluster(path), {
    message: /nowhere cannot be used \(ENOENT.*check KUBECONFIG or give --kubeconfig/,
  })
})

test('what the cluster must hold is read, or it is said why not', async (t) => {
  t.is(await readOf('Secret a/b', async () => 'text', 'look again'), 'text')
  const failing = (code: number) => async () => {
    throw new ApiException(code, 'refused', '', {})
  }
  const message = async (read: () => Promise<undefined>) =>
    (await t.throwsAsync(readOf('Secret a/b', read, 'look again')))?.message ?? ''
  t.is(await message(failing(404)), 'Secret a/b is not there; look again')
  t.is(await message(failing(403)), 'Secret a/b may not be read by you; look again')
  t.is(await message(failing(500)), 'Secret a/b: HTTP-Code: 500; look again')
  t.is(await message(async () => undefined), 'Secret a/b is empty: look at the job that fills it')
})
