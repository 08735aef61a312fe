import test from 'ava'
import { Gauge, Registry } from 'prom-client'
import { type Health, serveHealth } from '../../service/health.ts'

async function serving(t: { teardown(undo: () => void): void }, health: Partial<Health> = {}) {
  const whole = { lacks: () => [], registry: new Registry(), failed: () => {}, ...health }
  const server = await serveHealth({ host: '127.0.0.1', port: 0 }, whole)
  t.teardown(server.close)
  return async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`)
    const type = response.headers.get('content-type')
    return { status: response.status, text: await response.text(), type }
  }
}

test('ready when nothing lacks, healthy always, metrics as Prometheus reads them', async (t) => {
  let lacks: string[] = ['nobody is known yet', 'no certificate yet']
  const registry = new Registry()
  const get = await serving(t, { lacks: () => lacks, registry })
  t.like(await get('/readyz'), { status: 503, text: 'not ready: nobody is known yet; no certificate yet\n' })
  t.is((await get('/healthz')).status, 200)
  lacks = []
  t.is((await get('/readyz')).status, 200)
  t.is((await get('/metrics')).type, registry.contentType)
  t.is((await get('/')).status, 404)
})

test('a metric that cannot be collected is told, and the others and health are served all the same', async (t) => {
  const registry = new Registry()
  const gauge = (name: string, collect: () => void) =>
    new Gauge({ name, help: name, registers: [registry], collect })
  gauge('good_one', function (this: Gauge) {
    this.set(7)
  })
  gauge('bad_one', () => {
    throw new Error('no answer')
  })
  const failures: string[] = []
  const get = await serving(t, { registry, failed: (metric, error) => failures.push(`${metric}: ${error}`) })
  const { status, text } = await get('/metrics')
  t.is(status, 200)
  t.regex(text, /^good_one 7$/m)
  t.regex(text, /^# bad_one could not be collected$/m)
  t.deepEqual(failures, ['bad_one: Error: no answer'])
  t.is((await get('/healthz')).status, 200)
})
