import type { AddressInfo } from 'node:net'
import test from 'ava'
import { Registry } from 'prom-client'
import { serveHealth } from '../../webhook/health.ts'

test('ready when nothing lacks, healthy always, metrics as Prometheus reads them', async (t) => {
  let lacks: string[] = ['nobody is known yet', 'no certificate yet']
  const registry = new Registry()
  const server = await serveHealth({ host: '127.0.0.1', port: 0 }, { lacks: () => lacks, registry })
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    return {
      status: response.status,
      text: await response.text(),
      type: response.headers.get('content-type'),
    }
  }
  t.like(await get('/readyz'), { status: 503, text: 'not ready: nobody is known yet; no certificate yet\n' })
  t.is((await get('/healthz')).status, 200)
  lacks = []
  t.is((await get('/readyz')).status, 200)
  t.is((await get('/metrics')).type, registry.contentType)
  t.is((await get('/')).status, 404)
})
