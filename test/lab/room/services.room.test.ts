import test from 'ava'
import { must } from '../../delivery/person.ts'
import { sharedRoom } from '../../harness/room.ts'
import { becomes } from '../../harness/wait.ts'

const IN_SYSTEM = ['-n', 'kube-system']

/**
 * kube-proxy reads its own rules back when it starts, and once an hour; where it does not know them again, it removes
 * every service of the PC.
 */
test.serial('kube-proxy starts anew on a PC that runs: the services there go on', async (t) => {
  const room = await sharedRoom()
  const [pc] = room.pcs.filter(({ role }) => role === 'worker')
  if (!pc) return t.fail('no worker')
  const api = (await must(room, ['get', 'service', 'kubernetes', '-o', 'jsonpath={.spec.clusterIP}'])).trim()
  const reached = async (): Promise<string> => {
    const line = `timeout 3 bash -c '</dev/tcp/${api}/443' && echo reached`
    return (await room.machine.exec(['podman', 'exec', pc.name, 'sh', '-c', line])).stdout.trim()
  }
  const proxy = async (): Promise<string> => {
    const which = ['-l', 'k8s-app=kube-proxy', '--field-selector', `spec.nodeName=${pc.name}`]
    const path =
      'jsonpath={range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{end}'
    return must(room, ['get', 'pods', ...IN_SYSTEM, ...which, '-o', path])
  }
  t.is(await reached(), 'reached')
  const [before = ''] = (await proxy()).split(' ')
  await must(room, ['delete', 'pod', before, ...IN_SYSTEM, '--wait'])
  await becomes(
    'kube-proxy',
    async () => {
      const [name, ready] = (await proxy()).split(' ')
      return name !== before && ready === 'True' ? 'anew' : 'not yet'
    },
    'anew',
  )
  const rules = ['nft', 'list', 'map', 'ip', 'kube-proxy', 'service-ips']
  const [name = ''] = (await proxy()).split(' ')
  await becomes(
    'whether the rule is there',
    async () =>
      String((await must(room, ['exec', name, ...IN_SYSTEM, '--', ...rules])).includes(`${api} . tcp . 443`)),
    'true',
    { seconds: 20 },
  )
  t.is(await reached(), 'reached')
})
