import { CoreV1Api } from '@kubernetes/client-node'
import { MANAGED_BY, PERSON } from '../../config/labels.ts'
import {
  desktopName,
  FIELD_MANAGERS,
  homeClaim,
  homeVolume,
  NAMESPACES,
  SHARED_CLAIM,
  SHARED_VOLUME,
} from '../../config/names.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { administrator, must } from '../harness/lab.ts'
import { becomes as becomesThat } from '../harness/wait.ts'
import { type Browser, newBrowser } from './browser.ts'
import { ports } from './own-gateway.ts'
import { PASSWORD, person } from './people.ts'
import { type SmallBridge, smallBridge } from './small-bridge.ts'

/** Only these people's pods: test files share the lab. */
export const onlyOf =
  (...people: string[]) =>
  ({ metadata }: { metadata?: { labels?: Record<string, string> } }): boolean =>
    people.includes(metadata?.labels?.[PERSON] ?? '')

/** What the page says of the desktop now. */
export async function told(
  browser: Browser,
): Promise<{ state: string; title: string; more?: string; pc?: string; stopsIn?: number }> {
  const { text } = await browser.get('/desktop')
  const found = /data-status="([^"]*)"/.exec(text)?.[1]
  if (found !== undefined)
    return JSON.parse(found.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&'))
  return {
    state: /action="\/desktop\/start"/.test(text) ? 'off' : 'none',
    title: /<h1[^>]*>([^<]*)/.exec(text)?.[1] ?? '',
  }
}

/** Waits until the page says that; resolves with the seconds that it took. */
export const becomes = (browser: Browser, state: string, seconds = 60): Promise<number> =>
  becomesThat('what the page says', async () => (await told(browser)).state, state, { seconds })

/** Homes as storage makes them, and the shared folder, on a PC that has no disk: the scheduler wants them to be there. */
export async function homes(lab: BareLab, ...people: string[]): Promise<void> {
  const claims = [...people.map((slug) => [homeClaim(slug), homeVolume(slug)]), [SHARED_CLAIM, SHARED_VOLUME]]
  const items = claims.flatMap(([claim = '', volume = '']) => {
    const spec = { accessModes: ['ReadWriteMany'], storageClassName: '' }
    const claimRef = { kind: 'PersistentVolumeClaim', namespace: NAMESPACES.desktops, name: claim }
    return [
      {
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name: volume },
        spec: { ...spec, capacity: { storage: '1Gi' }, hostPath: { path: '/nowhere' }, claimRef },
      },
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: claim, namespace: NAMESPACES.desktops },
        spec: { ...spec, volumeName: volume, resources: { requests: { storage: '1Gi' } } },
      },
    ]
  })
  await must(lab, ['apply', '--server-side', '--force-conflicts', '--field-manager=test', '-f', '-'], {
    apiVersion: 'v1',
    kind: 'List',
    items,
  })
}

/** Logs somebody in and brings their desktop up, with a small bridge at its address. */
export async function atDesk(
  lab: BareLab,
  origin: string,
  login: string,
  xvnc?: string,
): Promise<{ browser: Browser; bridge: SmallBridge }> {
  await person(lab, login)
  const browser = newBrowser(origin)
  const answer = await browser.login(login, PASSWORD)
  if (answer.status !== 303) throw new Error(`${login} was not let in: ${answer.status} ${answer.text}`)
  await becomes(browser, 'ready')
  const bridge = await smallBridge(administrator(lab), login, xvnc)
  ports.set(login, bridge.port)
  return { browser, bridge }
}

export const deploymentOf = async (lab: BareLab, slug: string) =>
  JSON.parse(
    await must(lab, ['get', 'deployment', desktopName(slug), '-n', NAMESPACES.desktops, '-o', 'json']),
  )

export async function podsOf(lab: BareLab, slug: string): Promise<string[]> {
  const core = administrator(lab).makeApiClient(CoreV1Api)
  const { items } = await core.listNamespacedPod({
    namespace: NAMESPACES.desktops,
    labelSelector: `${PERSON}=${slug}`,
  })
  return items
    .filter(({ metadata }) => !metadata?.deletionTimestamp)
    .map(({ metadata }) => metadata?.name ?? '')
}

/** Removes all desktops: one that is left from another test may find no PC, and keeps the others back. */
export async function clear(lab: BareLab): Promise<void> {
  await must(lab, [
    ...['delete', 'deployments,services,secrets', '-n', NAMESPACES.desktops, '--wait=false'],
    ...['-l', `${MANAGED_BY}=${FIELD_MANAGERS.gateway}`],
  ])
}
