import test from 'ava'
import { z } from 'zod'
import { writeYaml } from '../../config/yaml.ts'
import { SCALARS } from '../config/scalars.ts'
import { fresh, must, sharedOrOwnLab } from '../harness/lab.ts'

const Stored = z.object({ metadata: z.object({ annotations: z.record(z.string(), z.string()) }) })

test('text stays text for the API server and for kubectl', async (t) => {
  const { lab, end } = await sharedOrOwnLab()
  t.teardown(end)
  const name = fresh()
  const annotations = Object.fromEntries(SCALARS.map((text, index) => [`example.org/${index}`, text]))
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'default', annotations },
  }
  const { code, stderr } = await lab.run(['create', '-f', '-'], { input: writeYaml(object) })
  t.is(code, 0, stderr)
  const stored = Stored.parse(JSON.parse(await must(lab, ['get', 'configmap', name, '-o', 'json'])))
  t.deepEqual(stored.metadata.annotations, annotations)
  await must(lab, ['delete', 'configmap', name])
})
