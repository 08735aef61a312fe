import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { styleText } from 'node:util'
import { applicationsOf } from '../delivery/applications.ts'
import { type Delivery, DOOR_HOST, deliver, openDoor } from '../delivery/deliver.ts'
import { ROOM_NAME } from '../room/command.ts'
import type { Room } from '../room/room.ts'
import { addPerson, createPod, deskfleet, IN_DESKTOPS, LOGIN, POD } from './person.ts'
import { command, must, print, step } from './screen.ts'

/** PCs that really run pods: Git and Argo CD bring the platform, and a desktop is there to log in to. */
export async function showRoomPart(room: Room): Promise<void> {
  await step('A room of three PCs: a real cluster, made by kind and kubeadm', async () => {
    command('kubectl get nodes')
    print(await must(room, ['get', 'nodes']))
  })
  const delivery = await step('dist/ → a Git commit → Argo CD brings everything', async (say) => {
    const made = await deliver(room, say)
    await showDelivery(room, made)
    return made
  })
  await step('Homes are on the disks of these PCs, each file on all three', () => showStorage(room))
  await step('The same person in this room, which has an LDAP of its own, and storage for their home', () =>
    addPerson(room, ['Published', 'HomeReady']),
  )
  await step('Their pod runs on a PC, as them, in their home', () =>
    showRunning(room, delivery.images.deskfleet ?? ''),
  )
}

async function showDelivery(room: Room, { repository, commit }: Delivery): Promise<void> {
  command('git show --stat HEAD')
  print(await repository.git('show', '--no-patch', '--format=commit %h, %an: %s', commit))
  print((await repository.git('show', '--shortstat', '--format=', commit)).trim())
  command('kubectl get applications -n argocd')
  for (const { name, sync, health, revision } of await applicationsOf(room)) {
    print(`${name.padEnd(14)}${sync.padEnd(10)}${health.padEnd(10)}${revision.slice(0, 7)}`)
  }
}

/** How long the PCs may take to make one volume of their disks: certificates, trust, the volume itself. */
const MAKES_VOLUME = 180_000

async function showStorage(room: Room): Promise<void> {
  command('npx deskfleet storage status')
  const end = performance.now() + MAKES_VOLUME
  for (;;) {
    const told = await deskfleet(room, 'storage', 'status').catch((error: Error) => error)
    if (!(told instanceof Error) && /\b3 of \d/.test(told.stdout)) return print(told.stdout)
    if (performance.now() > end)
      throw told instanceof Error ? told : new Error(`the volume has not three copies: ${told.stdout}`)
    await sleep(1_000)
  }
}

async function showRunning(room: Room, image: string): Promise<void> {
  command('kubectl create -f pod.yaml     # the same plain pod as before')
  await createPod(room, image)
  await must(room, ['wait', '--for=condition=Ready', `pod/${POD}`, ...IN_DESKTOPS, '--timeout=120s'])
  const columns = 'custom-columns=POD:.metadata.name,PHASE:.status.phase,PC:.spec.nodeName'
  command(`kubectl get pod ${POD} ${IN_DESKTOPS.join(' ')}`)
  print(await must(room, ['get', 'pod', POD, ...IN_DESKTOPS, '-o', columns]))
  for (const line of [
    'id',
    'cd && echo "written $(date -u +%F)" >proof && ls -ln "$PWD/proof" && cat proof',
    'ls -la /mnt',
  ]) {
    command(`kubectl exec ${POD} -- sh -c '${line}'`)
    print(await must(room, ['exec', POD, ...IN_DESKTOPS, '--', 'sh', '-c', line]))
  }
}

/** How to look around, log in, and stop. `took`: seconds of the whole demo. */
export async function farewell(room: Room, took: number): Promise<void> {
  const door = await openDoor(room)
  const time = took < 100 ? `${took.toFixed(0)} s` : `${(took / 60).toFixed(1)} min`
  console.log(`
${styleText('bold', `All of it took ${time}.`)} The room is still up. Look around:

  export KUBECONFIG=$(npm run -s lab -- room kubeconfig)
  ${room.kubectl} get pods -A
  ${room.kubectl} get identities
  npx deskfleet people list
  git -C ${join(room.dir, 'repository')} log          # change dist/ there, commit, push: Argo CD follows
  npm run lab -- room pc off ${ROOM_NAME}-worker       # a PC loses power

Log in as ${LOGIN} with the password that was printed when ${LOGIN} was added to this room, in a browser on this machine:

  chromium --ignore-certificate-errors --user-data-dir=$(mktemp -d) \\
    --host-resolver-rules="MAP ${DOOR_HOST} 127.0.0.1:${door}" https://${DOOR_HOST}

Stop with:  npm run lab -- room down
`)
}
