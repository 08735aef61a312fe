import { globSync, readFileSync } from 'node:fs'
import test from 'ava'
import { GLUSTER } from '../../../config/names.ts'
import { BRICK_UNIT } from '../../../lab/room/brick.ts'
import { endTrouble } from '../../../lab/room/disk.ts'
import type { Room } from '../../../lab/room/room.ts'
import { disksOf } from '../../harness/loop-disks.ts'
import { pcBecomes, sharedRoom } from '../../harness/room.ts'
import { becomes } from '../../harness/wait.ts'

/** What happens to the disks for Gluster; to that of a PC that comes for this and leaves after it, not to the others'. */

const PC = `t-brick-${process.pid}`
const BRICK = GLUSTER.brick
let room: Room

test.before(async (t) => {
  t.timeout(300_000)
  room = await sharedRoom()
  await room.pc.add(PC)
})

test.after.always(async () => {
  if (room.pcs.some(({ name }) => name === PC)) await room.pc.remove(PC)
})

const on = (pc: string, script: string) => room.machine.exec(['podman', 'exec', pc, 'sh', '-c', script])
const said = async (script: string, pc = PC): Promise<string> => {
  const { stdout, stderr } = await on(pc, script)
  return (stdout + stderr).trim()
}
const mounted = (): Promise<string> => said(`findmnt --noheadings --output FSTYPE ${BRICK}`)
const free = async (): Promise<number> =>
  Number(await said(`df --output=avail --block-size=1K ${BRICK} | tail -1`))

test.serial('a PC that comes is ready, is a worker of the room, and pulls from its registry', async (t) => {
  await pcBecomes(room, PC, 'True')
  t.like(
    room.pcs.find(({ name }) => name === PC),
    { role: 'worker' },
  )
  const curl = `cd /etc/containerd/certs.d/* && curl -s -o /dev/null -w '%{http_code}' --cacert ca.crt \
    -H "$(sed -n 's/ *Authorization = "\\(.*\\)"/Authorization: \\1/p' hosts.toml)" \
    "$(sed -n 's/^server = "\\(.*\\)"/\\1/p' hosts.toml)/v2/_catalog"`
  t.is(await said(curl), '200')
})

test.serial('every PC has a brick of its own, says so, and has /dev/fuse', async (t) => {
  for (const { name } of room.pcs) {
    t.is(
      await said(`findmnt --noheadings --output FSTYPE ${BRICK}; [ ! -c /dev/fuse ] || echo fuse`, name),
      'xfs\nfuse',
      name,
    )
    const label = ['get', 'node', name, '-o', 'jsonpath={.metadata.labels.deskfleet\\.io/brick}']
    t.is((await room.run(label)).stdout, 'true', name)
  }
  for (const { name } of room.pcs) t.is(disksOf(`${name}.`).length, 1, name)
})

test.serial('a brick is full, to the last MiB, until it is told otherwise', async (t) => {
  const before = await free()
  await room.disk.fill(PC)
  t.true((await free()) < 1024)
  t.regex(await said(`head -c 2M /dev/zero >${BRICK}/more; rm ${BRICK}/more`), /No space left/)
  // The volume may have taken this PC for another one meanwhile.
  t.true(
    ['ballast', 'ballast\ndata'].includes(await said(`ls ${BRICK}`)),
    'Gluster is given a folder beside it',
  )
  await room.disk.fill(PC)
  await endTrouble(room.disk, 'full', PC)
  t.is(await free(), before)
})

test.serial('a brick is slow for everything that runs on its PC, and for nobody else', async (t) => {
  const write = `dd if=/dev/zero of=${BRICK}/written bs=4k count=40 oflag=dsync 2>&1 | sed -n 's/.*copied, //p'; rm ${BRICK}/written`
  const asking = ['podman', 'inspect', '--format', '{{.HostConfig.CgroupParent}} {{.Id}}', PC]
  const [parent = '', id = ''] = (await room.machine.must(asking)).trim().split(' ')
  /** Where in the whole room that disk is held back. */
  const limits = async (): Promise<string[]> => {
    const device = await said(`findmnt --noheadings --output MAJ:MIN ${BRICK}`)
    const files = [
      ...globSync(`/sys/fs/cgroup/blkio${parent}/**/blkio.throttle.write_iops_device`),
      ...globSync(`/sys/fs/cgroup${parent}/**/io.max`),
    ]
    return files.filter((file) => readFileSync(file, 'utf8').split(/\s+/).includes(device))
  }
  t.deepEqual(await limits(), [])
  const before = await said(write)
  await room.disk.slowDown(PC)
  const held = await limits()
  t.true(held.length > 0 && held.every((file) => file.includes(id)), held.join())
  t.log(`40 writes, before and slow: ${before}; ${await said(write)}`)
  await endTrouble(room.disk, 'slow', PC)
  t.deepEqual(await limits(), [])
})

test.serial('a PC loses power: its brick is back before its kubelet, with what was on it', async (t) => {
  await said(`echo kept >${BRICK}/proof && sync ${BRICK}/proof`)
  await room.pc.off(PC)
  await becomes('the disks of PCs that are off', () => disksOf(`${PC}.`).length, 0)
  const refused = await t.throwsAsync(room.disk.fill(PC))
  t.regex(refused?.message ?? '', /is off/)
  await room.pc.on(PC)
  await becomes('the brick', mounted, 'xfs')
  t.is(await said(`cat ${BRICK}/proof`), 'kept')
  const first = (await said('systemctl show --property After --value kubelet')).split(' ')
  t.true(first.includes(BRICK_UNIT), 'no pod starts beside a brick that is not there yet')
})

test.serial(
  'a lost disk fails whoever has it open, and an empty one is there after the next boot',
  async (t) => {
    const writer = `exec 3>${BRICK}/open; while echo more >&3; do sleep 0.1; done 2>/run/failure; touch /run/failed`
    await room.machine.must(['podman', 'exec', '--detach', PC, 'sh', '-c', writer])
    await becomes('the writer', () => said(`[ -s ${BRICK}/open ] && echo writes`), 'writes')
    await room.disk.lose(PC)
    await becomes('the writer', () => said('[ -e /run/failed ] && echo failed'), 'failed')
    t.regex(await said('cat /run/failure'), /[Ii]\/?O|[Ii]nput.output/)
    t.is(await mounted(), '')
    t.is(await said(`ls --almost-all ${BRICK}`), '')
    await t.throwsAsync(endTrouble(room.disk, 'lost', PC), { message: /does not come back/ })
    await t.throwsAsync(room.disk.lose(PC), { message: /there is none/ })
    await room.pc.reboot(PC)
    await becomes('the brick', mounted, 'xfs')
    t.is(await said(`ls --almost-all ${BRICK}`), '')
  },
)

test.serial('masters stay, and a PC that leaves takes its Node and its disks along', async (t) => {
  const master = room.pcs[0]?.name ?? ''
  await t.throwsAsync(room.pc.remove(master), { message: /is a master/ })
  await t.throwsAsync(room.pc.add(master), { message: /already/ })
  await room.pc.remove(PC)
  t.false(room.pcs.some(({ name }) => name === PC))
  t.regex((await room.run(['get', 'node', PC])).stderr, /NotFound/)
  await becomes('its disk', () => disksOf(`${PC}.`).length, 0)
  const volumes = ['podman', 'volume', 'ls', '--quiet']
  t.is((await room.machine.must(volumes)).trim().split('\n').length, room.pcs.length, 'one each')
  await t.throwsAsync(room.pc.remove(PC), { message: /has no PC/ })
})
