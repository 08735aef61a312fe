import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { PERSON } from '../../config/labels.ts'
import { NAMESPACES } from '../../config/names.ts'
import type { Room } from '../../lab/room/room.ts'
import { eventually } from '../harness/wait.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..', '..')

/** What the command line says, as an administrator of the room types it. */
export async function deskfleet(room: Room, ...args: readonly string[]): Promise<string> {
  const env = { ...process.env, KUBECONFIG: room.kubeconfig }
  return (await run(process.execPath, [join(root, 'deskfleet.ts'), ...args], { cwd: root, env })).stdout
}

/**
 * Adds somebody by the command line, and waits until the cluster knows them and their home is there. The PCs of slapd
 * and of the disks may just have come back from a test that took their power: both are waited for.
 */
export async function addPerson(room: Room, login: string, ...options: readonly string[]): Promise<string> {
  await eventually('the directory answers', () => deskfleet(room, 'people', 'list'), {
    seconds: 180,
    every: 1_000,
  })
  const said = await deskfleet(room, 'people', 'add', login, ...options)
  await must(room, ['wait', '--for=create', `identity/${login}`, '--timeout=180s'])
  for (const condition of ['Published', 'HomeReady'])
    await must(room, ['wait', `--for=condition=${condition}`, `identity/${login}`, '--timeout=180s'])
  return said
}

/** Adds a group, unless a room that stays up has it already. slapd is waited for, as in {@link addPerson}. */
export async function haveGroup(room: Room, group: string): Promise<void> {
  const there = (): Promise<string> => deskfleet(room, 'groups', 'members', group)
  const add = (): Promise<string> => deskfleet(room, 'groups', 'add', group)
  const added = async (): Promise<boolean> => (await there().catch(add)) !== ''
  await eventually(`the group ${group} is there`, added, { seconds: 180, every: 1_000 })
}

/** A pod as somebody would write it, with nothing of a person but the label; `pc` pins it. */
export const plainPod = (name: string, person: string, image: string, pc?: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: NAMESPACES.desktops, labels: { [PERSON]: person } },
  spec: {
    ...(pc === undefined ? {} : { nodeSelector: { 'kubernetes.io/hostname': pc } }),
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'shell', image, command: ['sleep', 'infinity'] }],
  },
})

/** Makes the pod, waits until it runs, and runs a shell line in it. */
export async function inPod(room: Room, pod: ReturnType<typeof plainPod>, line: string): Promise<string> {
  const { name, namespace } = pod.metadata
  await must(room, ['apply', '-f', '-'], JSON.stringify(pod))
  await must(room, ['wait', '--for=condition=Ready', `pod/${name}`, '-n', namespace, '--timeout=120s'])
  return must(room, ['exec', name, '-n', namespace, '--', 'sh', '-c', line])
}

export async function must(room: Room, args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await room.run(args, input === undefined ? {} : { input })
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr.trim()}`)
  return stdout
}
