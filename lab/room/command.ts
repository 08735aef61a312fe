import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import { deliver, STORAGE_KINDS, type StorageKind } from '../delivery/deliver.ts'
import { onInterrupt } from '../run/interrupt.ts'
import { abandon, down } from '../run/life.ts'
import { fetchBlank } from './blank-image.ts'
import { isBlankPcAction, refuseWithoutCluster } from './blank-plan.ts'
import { openBlank, upBlank } from './blank-room.ts'
import { DISK_TROUBLES, type DiskTrouble, endTrouble, makeTrouble } from './disk.ts'
import { PC_ACTIONS, type PcAction } from './pc.ts'
import { open, type Room, up } from './room.ts'
import { statusOfBlank, statusOfRoom } from './status.ts'

export const ROOM_NAME = 'room'

/** `npm run lab -- room …` */
export function roomCommand(progress: (line: string) => void): Command {
  const room = new Command('room').description(
    'A real cluster on this machine, made by kind and kubeadm: each node stands for one PC. Its container engine ' +
      'lives in namespaces of its own; only its API is reachable, on 127.0.0.1. Or PCs with an empty Debian (--blank).',
  )
  const command = (name: string, description: string): Command =>
    room.command(name).description(description).option('--name <name>', 'which room', ROOM_NAME)

  command('up', 'make the room, or find it running')
    .option('--masters <count>', '1, 3 or 5 PCs that are masters', count, 1)
    .option('--workers <count>', 'PCs beside the masters', count, 1)
    .option(
      '--brick <GiB>',
      "how large each PC's disk for Gluster is; only what is written takes room",
      Number,
    )
    .addOption(
      new Option('--blank <count>', 'that many PCs with an empty Debian each, and no cluster')
        .argParser(count)
        .conflicts(['masters', 'workers']),
    )
    .action(async ({ name, masters, workers, brick, blank }: UpOptions) => {
      onInterrupt(() => abandon(name), progress)
      const size = brick === undefined ? {} : { brickGiB: brick }
      if (blank !== undefined) {
        const { stick } = await upBlank({ name, count: blank, ...size, progress })
        console.log(`room "${name}" runs: ${blank} blank PCs, which find ${stick} as their stick`)
        return
      }
      const made = await up({ name, masters, workers, ...size, progress })
      console.log(`room "${name}" runs at ${made.server}`)
      console.log(`export KUBECONFIG=${made.kubeconfig}`)
    })

  command('down', 'end the room and remove everything of it').action(async ({ name }: { name: string }) => {
    progress((await down(name)) ? `room "${name}" is gone` : `there is no room "${name}"`)
  })

  command(
    'status',
    'the PCs: whether they are on, what they are to etcd, and what the cluster thinks of them',
  ).action(async ({ name }: { name: string }) => {
    const blank = await openBlank(name)
    console.log(blank ? await statusOfBlank(blank) : await statusOfRoom(await mustOpen(name, '`status`')))
  })

  command('deliver', 'bring the platform into it: images to its registry, dist/ into Git, Argo CD')
    .addOption(
      new Option(
        '--storage <kind>',
        'where homes are: disks of the PCs, a folder that they share, or a StorageClass (default: as before, at first gluster)',
      ).choices(STORAGE_KINDS),
    )
    .action(async ({ name, storage }: { name: string; storage?: StorageKind }) => {
      const { repository } = await deliver(await mustOpen(name, '`deliver`'), progress, { storage })
      console.log(
        `delivered from ${repository.folder}: change dist/ there, commit and push, and Argo CD follows`,
      )
    })

  command('kubeconfig', "print the path of the room's kubeconfig, and nothing else").action(
    async ({ name }: { name: string }) => console.log((await mustOpen(name, '`kubeconfig`')).kubeconfig),
  )

  const pcs = command(
    'pc',
    'what can happen to a PC: power loss, boot, orderly reboot, cable pulled, cable back; a new worker comes (add), ' +
      'or one leaves for ever, its Node and its disks with it (remove); the disk of its system dies and a Debian without ' +
      'Kubernetes is on a new one (blank), or what the PCs of a room have, by which it joins (renew)',
  )
    .addArgument(new Argument('<action>', 'what happens').choices(PC_ACTIONS))
    .argument('<pc>', 'its name, as `room status` shows it; of a new one, any that is free')
    .action(async (action: PcAction, pc: string, { name }: { name: string }) => {
      const blank = isBlankPcAction(action) ? await openBlank(name) : undefined
      if (blank && isBlankPcAction(action)) await blank.pc[action](pc)
      else {
        const room = await mustOpen(name, `\`pc ${action}\``)
        // The first time, it takes a minute.
        if (action === 'blank') await fetchBlank(progress)
        await room.pc[action](pc)
      }
      progress(`${pc}: ${action}`)
    })
  pcs
    .command('disk')
    .description(
      'what can happen to the disk for Gluster of a PC that is on: lost (dies at once; after the next boot there is an ' +
        'empty one), full (to the last MiB), slow (20 requests and 1 MiB a second, for what runs there now, until the ' +
        'next boot)',
    )
    .addArgument(new Argument('<trouble>', 'what happens').choices(DISK_TROUBLES))
    .argument('<pc>', 'its name')
    .option('--undo', 'end it; a lost disk does not come back')
    .configureHelp({ showGlobalOptions: true })
    .action(async (trouble: DiskTrouble, pc: string, _: unknown, own: Command) => {
      // Which room, the command above knows: it reads that option wherever it stands.
      const { name, undo } = own.optsWithGlobals<{ name: string; undo?: true }>()
      const { disk } = (await openBlank(name)) ?? (await mustOpen(name, '`pc disk`'))
      await (undo ? endTrouble : makeTrouble)(disk, trouble, pc)
      progress(`${pc}: its disk is ${undo ? 'no longer ' : ''}${trouble}`)
    })
  return room
}

interface UpOptions {
  readonly name: string
  readonly masters: number
  readonly workers: number
  readonly brick?: number
  readonly blank?: number
}

/** @param what wants a room with a cluster */
async function mustOpen(name: string, what: string): Promise<Room> {
  const found = await open(name)
  if (found) return found
  if (await openBlank(name)) throw new Error(refuseWithoutCluster(name, what))
  throw new Error(`no room "${name}" runs: npm run lab -- room up --name ${name}`)
}

function count(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 0 && number <= 20) return number
  throw new InvalidArgumentError('It is a whole number from 0 to 20.')
}
