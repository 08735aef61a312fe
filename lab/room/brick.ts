import { GLUSTER } from '../../config/names.ts'

/** Where the PCs of a room read how large their bricks are; a folder of the machine that all of them see. */
export const BRICK_SIZE_FOLDER = '/etc/room'
export const BRICK_SIZE_FILE = 'brick-size'

/** GiB of each PC's brick, unless told otherwise. Only what is written takes room on the machine. */
export const BRICK_GIB = 2

/** Why bricks of that size cannot be, or undefined when they can. */
export function refuseBrick(gib: number | undefined): string | undefined {
  if (gib === undefined || (Number.isInteger(gib) && gib >= 1 && gib <= 100)) return undefined
  return 'a disk for Gluster in this lab has 1 to 100 GiB: XFS wants no smaller one'
}

/** The image of a PC's brick, on the PC's own disk, as `brick.sh` makes it. */
export const brickImage = (pc: string): string => `/var/lib/room/${pc}.img`

export const BRICK_UNIT = 'room-brick.service'

/** Mounts the brick before the kubelet starts; a PC whose brick cannot be had is a PC all the same. */
export const brickUnit = (): string => `[Unit]
Description=The disk for Gluster of this PC
Before=kubelet.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/bin/room-brick ${GLUSTER.brick}

[Install]
WantedBy=multi-user.target
`
