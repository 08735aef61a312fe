import test from 'ava'
import { GATEWAY, NAMESPACES } from '../../config/names.ts'
import { sharedLab } from '../harness/lab.ts'

test('the gateway’s account makes what is called desktop-… alone, though it may act as everybody', async (t) => {
  const lab = await sharedLab()
  const kubeconfig = await lab.actAs(NAMESPACES.system, GATEWAY.service)
  const named = (kind: string, name: string) => ({
    apiVersion: kind === 'Service' ? 'v1' : 'apps/v1',
    kind,
    metadata: { name, namespace: NAMESPACES.desktops },
    spec:
      kind === 'Service'
        ? { ports: [{ port: 443 }] }
        : {
            selector: { matchLabels: { app: 'x' } },
            template: {
              metadata: { labels: { app: 'x' } },
              spec: { containers: [{ name: 'c', image: 'x' }] },
            },
          },
  })
  const create = (object: object) =>
    lab.run(['create', '--dry-run=server', '-f', '-'], { input: JSON.stringify(object), kubeconfig })
  for (const kind of ['Deployment', 'Service']) {
    t.regex(
      (await create(named(kind, 'other'))).stderr,
      /makes and changes what is called desktop-<person> alone/,
    )
    const honest = await create(named(kind, 'desktop-tried'))
    t.is(honest.code, 0, honest.stderr)
  }
})
