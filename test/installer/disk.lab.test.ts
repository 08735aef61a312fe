import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import { GLUSTER } from '../../config/names.ts'
import { temporaryFolder } from '../harness/temporary-folder.ts'
import { type BlankPc, blankPc, DISK_BYTES } from './blank-pc.ts'

/** The brick of a bare PC on real disks: tables, file systems, mounts, refusals, and power that fails in between. */

const rootOnly = process.getuid?.() === 0 ? test.serial : test.serial.skip
const DISK = '/dev/disk/by-id/ata-Test_DATA-1'
const NAMED = ['join', '--disk', DISK, '--confirm', 'DATA-1']
const ONLY = ['--only', 'disk']
const { brick } = GLUSTER

async function pcFor(t: ExecutionContext): Promise<BlankPc> {
  t.timeout(180_000)
  const pc = await blankPc(join(temporaryFolder(), 'pc'), [{ serial: 'DATA-1', size: DISK_BYTES }])
  t.teardown(() => pc.scrap())
  return pc
}

async function done(t: ExecutionContext, pc: BlankPc, ...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await pc.install(...words, ...ONLY)
  t.is(code, 0, `${stdout}${stderr}`)
  return stdout
}

async function refused(
  t: ExecutionContext,
  pc: BlankPc,
  words: readonly string[],
  why: RegExp,
): Promise<void> {
  for (const more of [[], ['--apply']]) {
    const { code, stdout } = await pc.install(...words, ...ONLY, ...more)
    t.is(code, 1, stdout)
    t.regex(stdout, /disk +refused/)
    t.regex(stdout, why)
  }
}

/** Whether nothing of the disk has changed: every byte of it that counts. */
const bytesOf = (pc: BlankPc): Promise<string> =>
  pc.said(`for part in ${pc.device('DATA-1')}*; do head -c 64M $part | sha256sum; done`)

async function isBrick(t: ExecutionContext, pc: BlankPc): Promise<void> {
  t.regex(await pc.said(`findmnt --noheadings --output FSTYPE,OPTIONS ${brick}`), /^xfs +rw,.*noatime/)
  t.regex(await pc.said(`xfs_info ${brick}`), /isize=512/)
  const part = `${pc.device('DATA-1')}p1`
  t.is(await pc.said(`blkid --probe -s PART_ENTRY_NAME -o value ${part}`), 'deskfleet-brick')
  t.is(await pc.said(`blkid --probe -s LABEL -o value ${part}`), 'deskfleet')
}

/** The sector by which LVM knows a disk of its own. */
function lvmMark(): Buffer {
  const sector = Buffer.alloc(512)
  sector.write('LABELONE')
  sector.writeUInt32LE(1, 8)
  sector.writeUInt32LE(32, 20)
  sector.write('LVM2 001', 24)
  sector.write('x'.repeat(32), 32)
  // LVM begins its sum with a number of its own, and does not invert it.
  sector.writeUInt32LE(~crc32(sector.subarray(20), ~0xf597a6cf >>> 0) >>> 0, 16)
  return sector
}

/** As the agent of Gluster does with an empty brick. */
const identify = (pc: BlankPc, node = 'pc-7'): Promise<string> =>
  pc.said(`uuid=$(findmnt --noheadings --output UUID ${brick})
    printf '{"id":"2f0c","node":"%s","fileSystem":"%s"}' ${node} "$uuid" >${brick}/.deskfleet-brick.json
    mkdir -p ${brick}/data/.glusterfs && echo hers >${brick}/data/letter && sync`)

rootOnly(
  'a second disk becomes the brick; again nothing is done; after a boot it is there; a dry run writes nothing',
  async (t) => {
    const pc = await pcFor(t)
    const before = await bytesOf(pc)
    const dry = await done(t, pc, ...NAMED)
    t.regex(dry, /Dry run for pc-7/)
    t.regex(dry, /mkfs\.xfs -q -f -i size=512 -L deskfleet \/dev\/loop\d+p1\n/)
    t.is(await bytesOf(pc), before)
    const said = await done(t, pc, ...NAMED, '--apply')
    t.regex(said, new RegExp(`is the brick, 9\\.\\d GB, at ${brick}`))
    await isBrick(t, pc)
    const commands = (text: string) => text.split('\n').filter((line) => line.startsWith('       $ '))
    t.deepEqual(commands(said), commands(dry), 'a dry run shows what is done')
    await identify(pc)
    await pc.calls()
    for (const words of [NAMED, ['join'], ['repair']])
      t.regex(await done(t, pc, ...words, '--apply'), /Nothing to do/)
    t.deepEqual(await pc.calls(), [])
    await pc.powerOff()
    await pc.powerOn()
    await isBrick(t, pc)
    t.regex(await done(t, pc, 'join', '--apply'), /Nothing to do/)
    await refused(t, pc, ['join', '--no-brick'], /this PC has a brick/)
    await refused(t, pc, ['join', '--wipe-brick', 'DATA-1'], /in use as the brick/)
  },
)

rootOnly(
  'the disk of the system has died: the brick is taken again by a new Debian, and its files are there',
  async (t) => {
    const pc = await pcFor(t)
    await done(t, pc, ...NAMED, '--apply')
    await identify(pc)
    await pc.reinstall()
    t.regex(await done(t, pc, 'join', '--apply'), /what is on it stays/)
    await isBrick(t, pc)
    t.is(await pc.said(`cat ${brick}/data/letter`), 'hers')
  },
)

rootOnly(
  'what is free on the disk of the system becomes the brick, while the system runs from it',
  async (t) => {
    const pc = await pcFor(t)
    const system = pc.device('SYSTEM-1')
    t.regex(await done(t, pc, 'join', '--free-space'), new RegExp(`mkfs.xfs .* ${system}p2\n`))
    await done(t, pc, 'join', '--free-space', '--apply')
    t.is(await pc.said(`findmnt --noheadings --output SOURCE ${brick}`), `${system}p2`)
    t.is(await pc.said('findmnt --noheadings --output SOURCE /'), `${system}p1`)
    await pc.powerOff()
    await pc.powerOn()
    t.regex(await done(t, pc, 'join', '--free-space', '--apply'), /Nothing to do/)
  },
)

rootOnly(
  'refused: what is in use, what is not confirmed, what has something on it; nothing of it changes',
  async (t) => {
    const pc = await pcFor(t)
    const [disk, system] = [pc.device('DATA-1'), pc.device('SYSTEM-1')]
    await refused(t, pc, ['join'], /nothing says what shall be the brick/)
    await refused(t, pc, ['join', '--disk', '/dev/disk/by-id/none', '--confirm', 'X'], /no such disk/)
    await refused(t, pc, ['join', '--disk', DISK], /add: --confirm DATA-1/)
    await refused(
      t,
      pc,
      ['join', '--disk', DISK, '--confirm', 'DATA-2'],
      /the serial of loop\d+ is DATA-1, and --confirm says DATA-2/,
    )
    await refused(
      t,
      pc,
      [
        'join',
        '--disk',
        '/dev/disk/by-id/ata-Test_SYSTEM-1',
        '--confirm',
        'SYSTEM-1',
        '--wipe',
        'any',
        '--wipe-brick',
        'SYSTEM-1',
      ],
      /the disk of this system/,
    )
    await refused(
      t,
      pc,
      ['join', '--disk', `${system}p1`, '--confirm', 'SYSTEM-1'],
      /is a partition|no such disk/,
    )

    // A whole disk that is mounted, then the same file system in peace, then swap.
    await pc.said(`mkfs.ext4 -q ${disk} && mount ${disk} /mnt && echo hers >/mnt/letter`)
    await refused(t, pc, [...NAMED, '--wipe', 'ext4'], /is mounted at \/mnt/)
    await pc.said('umount /mnt')
    const written = await bytesOf(pc)
    await refused(t, pc, NAMED, /has something on it: ext4/)
    await refused(
      t,
      pc,
      [...NAMED, '--wipe', 'ext4'],
      /--wipe says ext4, and what is on loop\d+ is [0-9a-f-]{36}/,
    )
    t.is(await bytesOf(pc), written)
    await pc.said(`wipefs -aq ${disk} && mkswap -q ${disk} && swapon ${disk}`)
    await refused(t, pc, NAMED, /is swap/)
    await pc.said(`/usr/sbin/swapoff ${disk} && wipefs -aq ${disk}`)

    // The mark of LVM, and marks that contradict each other.
    await pc.said(
      `echo ${lvmMark().toString('base64')} | base64 -d | dd of=${disk} bs=512 seek=1 conv=notrunc status=none`,
    )
    await refused(t, pc, NAMED, /has something on it: LVM2_member/)
    await pc.said(
      `wipefs -aq ${disk}; mkfs.ext4 -q ${disk} && mkfs.xfs -q -f -b size=4096 ${disk} && echo -n "\\0123\\0357" | dd of=${disk} bs=1 seek=1080 conv=notrunc status=none`,
    )
    await refused(t, pc, NAMED, /has something on it/)
  },
)

rootOnly('a disk with partitions is wiped where its table is named exactly, and no other is', async (t) => {
  const pc = await pcFor(t)
  const disk = pc.device('DATA-1')
  await pc.said(`printf 'label: gpt\\nsize=2G, name=Windows\\n' | sfdisk -q --no-tell-kernel ${disk}
    partx --update ${disk} && udevadm settle && mkfs.ext4 -q ${disk}p1`)
  const table = await pc.said(`blkid --probe -s PTUUID -o value ${disk}`)
  const before = await bytesOf(pc)
  await refused(t, pc, NAMED, new RegExp(`1 partition, loop\\d+p1 2.1 GB ext4\n.*--wipe ${table}`))
  await refused(
    t,
    pc,
    [...NAMED, '--wipe', 'Windows'],
    new RegExp(`--wipe says Windows, and what is on loop\\d+ is ${table}`),
  )
  t.is(await bytesOf(pc), before)
  const said = await done(t, pc, ...NAMED, '--wipe', table, '--apply')
  t.regex(said, /ALL THAT IS ON IT GOES/)
  await isBrick(t, pc)
})

rootOnly(
  'a brick with files is wiped where its disk is told by serial alone; that of another PC is kept by who is called so',
  async (t) => {
    const pc = await pcFor(t)
    const disk = pc.device('DATA-1')
    await done(t, pc, ...NAMED, '--apply')
    await identify(pc, 'pc-3')
    await refused(t, pc, ['join'], /is the brick of pc-3, and this PC is called pc-7/)
    await pc.reinstall()
    const table = await pc.said(`blkid --probe -s PTUUID -o value ${disk}`)
    for (const words of [['join'], NAMED, [...NAMED, '--wipe', table]])
      await refused(t, pc, words, /is the brick of pc-3, and this PC is called pc-7/)
    await refused(t, pc, [...NAMED, '--wipe-brick', 'DATA-2'], /--wipe-brick says DATA-2/)
    await done(t, pc, 'join', '--name', 'pc-3', '--apply')
    t.is(await pc.said(`cat ${brick}/data/letter`), 'hers')

    // Files of a volume without a word of whose they are; a copy of the disk's files in another file system.
    await pc.said(`rm ${brick}/.deskfleet-brick.json`)
    await pc.reinstall()
    await refused(t, pc, ['join'], /holds files of a Gluster volume, and does not say of which PC/)
    await pc.said(
      `mount ${disk}p1 /mnt && echo '{"id":"2f0c","node":"pc-7","fileSystem":"other"}' >/mnt/.deskfleet-brick.json && umount /mnt`,
    )
    await refused(t, pc, ['join'], /is a copy of another brick/)
    t.regex(await done(t, pc, ...NAMED, '--wipe-brick', 'DATA-1', '--apply'), /ALL FILES ON IT GO/)
    await isBrick(t, pc)
    t.is(await pc.said(`ls -A ${brick}`), '')
  },
)

rootOnly('power fails after each program that writes: the same call again ends the same', async (t) => {
  const pc = await pcFor(t)
  const disk = pc.device('DATA-1')
  // What is before it is not looked at here.
  await done(t, pc, 'join', '--no-brick', '--apply')
  const blank = [...NAMED, '--apply']
  const cuts: string[] = []
  for (let programs = 1; ; programs++) {
    await pc.cutAfter(programs)
    const { code } = await pc.install(...blank, ...ONLY)
    if (code === 0) break
    cuts.push(await pc.said('cat /var/log/cut-after'))
    await pc.powerOff()
    await pc.powerOn()
    await done(t, pc, ...blank)
    await isBrick(t, pc)
    await pc.said(
      `umount ${brick}; rm -rf /etc/systemd/system/*; wipefs -aq ${disk}p1; partx --delete ${disk}; wipefs -aq ${disk}; udevadm settle`,
    )
  }
  for (const program of ['sfdisk', 'partx', 'mkfs.xfs', 'sync', 'mv', 'systemctl'])
    t.true(
      cuts.some((cut) => cut.startsWith(program)),
      program,
    )
})

rootOnly('power fails while a disk is wiped: it ends the same', async (t) => {
  const pc = await pcFor(t)
  const disk = pc.device('DATA-1')
  await done(t, pc, 'join', '--no-brick', '--apply')
  for (let programs = 1; ; programs++) {
    await pc.said(`printf 'label: gpt\\nsize=2G\\nsize=1G\\n' | sfdisk -q --no-tell-kernel --wipe always ${disk}
      partx --update ${disk} && udevadm settle && mkfs.ext4 -q ${disk}p1 && mkfs.ext4 -q ${disk}p2`)
    const table = await pc.said(`blkid --probe -s PTUUID -o value ${disk}`)
    const words = [...NAMED, '--wipe', table, '--apply']
    await pc.cutAfter(programs)
    await pc.install(...words, ...ONLY)
    // What follows is as with an empty disk.
    if ((await pc.said('cat /var/log/cut-after')).startsWith('sfdisk')) break
    await pc.powerOff()
    await pc.powerOn()
    await done(t, pc, ...words)
    await isBrick(t, pc)
    await pc.said(
      `umount ${brick}; rm -rf /etc/systemd/system/*; wipefs -aq ${disk}p1; partx --delete ${disk}; wipefs -aq ${disk}; udevadm settle`,
    )
  }
  t.pass()
})
