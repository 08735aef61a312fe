import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import type { Browser, Page } from 'playwright-core'
import { readServices } from '../../charts/services/read.ts'
import { serviceVolume } from '../../config/names.ts'
import { launchBrowser } from '../../lab/browser/browser.ts'
import { settled } from '../../lab/delivery/applications.ts'
import { type Delivery, DOOR_HOST, openDelivery, openDoor, publish } from '../../lab/delivery/deliver.ts'
import type { Room } from '../../lab/room/room.ts'
import { passwordIn } from '../door/desktop-pod.ts'
import { sharedRoom } from '../harness/room.ts'
import { temporaryFolder } from '../harness/temporary-folder.ts'
import { keepScreen } from '../harness/visitor.ts'
import { eventually } from '../harness/wait.ts'
import { addPerson, must } from './person.ts'

/** Services of an administrator's own in a room: one in TypeScript, plain YAML, a rendering of Kustomize, by the door. */

const run = promisify(execFile)
const root = join(import.meta.dirname, '..', '..')
const LOGIN = `visitor-${randomBytes(2).toString('hex')}`
const NAMES = ['exchange', 'hours', 'news']

let room: Room
let delivery: Delivery
let browser: Browser
let page: Page
let password = ''

const site = (name: string): string => `https://${name}.${DOOR_HOST}/`

/** A page that nginx shows, as an administrator would write it. */
const pageOf = (name: string, image: string): string => `apiVersion: v1
kind: ConfigMap
metadata: { name: ${name} }
data:
  nginx.conf: |
    pid /run/nginx.pid;
    events {}
    http {
      access_log off;
      client_body_temp_path /run/a; proxy_temp_path /run/b; fastcgi_temp_path /run/c; uwsgi_temp_path /run/d; scgi_temp_path /run/e;
      server {
        listen 8080;
        default_type text/html;
        location / { return 200 "<h1>The ${name}</h1><p id=who>$http_x_forwarded_user</p>"; }
      }
    }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      automountServiceAccountToken: false
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: RuntimeDefault } }
      containers:
        - name: nginx
          image: ${image}
          imagePullPolicy: IfNotPresent
          command: [nginx, -c, /etc/page/nginx.conf, -e, stderr, -g, daemon off;]
          resources: { requests: { cpu: 5m, memory: 16Mi }, limits: { memory: 64Mi } }
          securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: [ALL] } }
          volumeMounts: [{ name: page, mountPath: /etc/page }, { name: run, mountPath: /run }]
      volumes: [{ name: page, configMap: { name: ${name} } }, { name: run, emptyDir: {} }]
---
apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { selector: { app: ${name} }, ports: [{ port: 80, targetPort: 8080 }] }
`

/** Of the exchange, as `pod/NAME`. */
async function readyPods(): Promise<string[]> {
  const asked = ['get', 'pods', '-n', 'service-exchange', '-l', 'app.kubernetes.io/name=exchange']
  const ready = `{range .items[*]}{.metadata.name} {.status.containerStatuses[0].ready}{"\\n"}{end}`
  const lines = (await must(room, [...asked, '-o', `jsonpath=${ready}`])).trim().split('\n')
  return lines.filter((line) => line.endsWith(' true')).map((line) => `pod/${line.split(' ')[0]}`)
}

/** The folder `services/` of somebody who switched the exchange on and added two of their own. */
async function administratorsServices(image: string): Promise<string> {
  const folder = temporaryFolder()
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  cpSync(join(root, 'services/_exchange'), join(folder, 'exchange'), { recursive: true })
  const code = join(folder, 'exchange/service.ts')
  // It lies elsewhere than in the checkout.
  writeFileSync(code, readFileSync(code, 'utf8').replaceAll("'../../", `'${root}/`))
  const about = (name: string): string =>
    `about: The ${name} of the room\nroute: { service: ${name}, port: 80 }\n`
  write('hours/deskfleet.yaml', about('hours'))
  write('hours/all.yaml', pageOf('hours', image))
  const base = temporaryFolder()
  writeFileSync(join(base, 'all.yaml'), pageOf('page', image))
  writeFileSync(
    join(base, 'kustomization.yaml'),
    'resources: [all.yaml]\nnamePrefix: news-\nlabels: [{ pairs: { made-by: kustomize } }]\n',
  )
  const { stdout } = await run(room.kubectl, ['kustomize', base])
  write('news/deskfleet.yaml', about('news').replace('service: news', 'service: news-page'))
  write('news/rendered.yaml', stdout)
  return folder
}

test.before(async (t) => {
  t.timeout(900_000)
  room = await sharedRoom()
  delivery = await openDelivery(room)
  const { ingress = '' } = delivery.images
  const services = await readServices(await administratorsServices(ingress), 'services')
  if (!services.ok) throw new Error(JSON.stringify(services.findings))
  const { repository, overlay } = delivery
  const commit = await publish(repository, overlay, 'Services of our own', services.value)
  const apps = await settled(room, commit, t.log)
  for (const name of NAMES) t.true(apps.some((app) => app.name === `service-${name}`))
  password = passwordIn(await addPerson(room, LOGIN))
  const port = await openDoor(room)
  const also = Object.fromEntries(NAMES.map((name) => [new URL(site(name)).host, port]))
  browser = await launchBrowser(DOOR_HOST, port, t.log, also)
  page = await (await browser.newContext()).newPage()
})

test.after.always(async (t) => {
  t.timeout(600_000)
  await browser?.close()
  if (!delivery) return
  // As somebody takes them out of Git again; what holds data stays, and is no concern of the tests that follow.
  const { repository, overlay } = delivery
  await settled(room, await publish(repository, overlay, 'Without services of our own'), t.log)
  await must(room, ['delete', 'namespace', ...NAMES.map((name) => `service-${name}`), '--wait=false'])
  // It is bound to the claim that has just gone.
  await must(room, ['delete', 'persistentvolume', serviceVolume('exchange', 'files'), '--wait=false'])
})

test.serial('a person who logs in once reaches each of them, by the door', async (t) => {
  t.timeout(180_000)
  await page.goto(site('hours'))
  await page.fill('#login', LOGIN)
  await page.fill('#password', password)
  await page.click('button.main')
  await page.waitForURL(site('hours'))
  t.is(await page.textContent('h1'), 'The hours')
  t.is(await page.textContent('#who'), LOGIN)
  await page.goto(site('news'))
  t.is(await page.textContent('h1'), 'The page')
  t.is(await page.textContent('#who'), LOGIN, 'and is asked for no password again')
})

test.serial('what one person lays down at the exchange, another takes up', async (t) => {
  t.timeout(180_000)
  await page.goto(site('exchange'))
  await page.waitForSelector('h1')
  // What an earlier run left is there as well: it is never thrown away.
  const name = `Plan für ${LOGIN}.html`
  const text = `<script>document.title = "mine"</script> ${randomBytes(1_000).toString('base64')}`
  await page.setInputFiles('#choose', {
    name,
    mimeType: 'text/html',
    buffer: Buffer.from(text),
  })
  await page.waitForSelector(`text=${name}`)
  await keepScreen(page, 'exchange')
  const [download] = await Promise.all([page.waitForEvent('download'), page.click(`text=${name}`)])
  t.is(readFileSync(await download.path(), 'utf8'), text)
  t.is(await page.title(), 'Exchange', 'what lies there is no page of this site')
  // On the room's own storage: another pod, wherever it runs, has the same files.
  const before = await readyPods()
  await must(room, ['delete', ...before, '-n', 'service-exchange'])
  await eventually(
    'another pod is ready',
    async () => (await readyPods()).some((pod) => !before.includes(pod)),
    { seconds: 90 },
  )
  // Readiness is told a moment before all PCs lead to it.
  await eventually('the exchange answers', async () => (await page.goto(site('exchange')))?.ok() === true, {
    every: 1_000,
  })
  await page.waitForSelector(`text=${name}`)
  page.on('dialog', (dialog) => void dialog.accept())
  await page.click(`button[aria-label="Delete ${name}"]`)
  await page.waitForSelector(`text=${name}`, { state: 'detached' })
  t.pass()
})

test.serial('they are told of at the gateway, and a log-out there ends them all', async (t) => {
  t.timeout(180_000)
  await page.goto(`https://${DOOR_HOST}/services`)
  const told = await page.innerText('main')
  for (const name of NAMES) t.regex(told, new RegExp(name))
  await page.click('form[action="/logout"] button')
  await page.waitForURL(/\/login/)
  await page.goto(site('news'))
  await page.waitForURL(/\/login$/)
  t.pass()
})

test.serial('a pod of the ingress that goes is not missed', async (t) => {
  t.timeout(180_000)
  const pods = ['pods', '-n', 'deskfleet-system', '-l', 'app.kubernetes.io/name=ingress']
  const [first = ''] = (await must(room, ['get', ...pods, '-o', 'name'])).trim().split('\n')
  await must(room, ['delete', first, '-n', 'deskfleet-system', '--wait=false'])
  const answers = async (): Promise<boolean> => {
    const answer = await page.goto(site('hours')).catch(() => undefined)
    return answer?.ok() === true && /\/login$/.test(page.url())
  }
  // The door looks each second: at most one connection meets the pod that has just gone.
  const seen: boolean[] = []
  for (let look = 0; look < 10; look++) seen.push(await answers())
  t.true(seen.filter((one) => !one).length <= 1, JSON.stringify(seen))
  await eventually('there are two again', async () => {
    const ready = await must(room, [
      'get',
      'deployment',
      'ingress',
      '-n',
      'deskfleet-system',
      '-o',
      'jsonpath={.status.readyReplicas}',
    ])
    return ready === '2'
  })
})
