/**
 * All PCs of all rooms have one kernel, hence one boot id. Here each PC has its own, and another one after each boot, before
 * anything reads it: a boot is proved by it.
 */
export const BOOT_ID_UNIT = 'room-boot-id.service'

const OWN = '/run/boot-id'
const SHOWN = '/proc/sys/kernel/random/boot_id'

export const bootIdUnit = (): string => `[Unit]
Description=The boot id of this PC
Before=containerd.service kubelet.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -euc 'cat /proc/sys/kernel/random/uuid >${OWN} && mount --bind ${OWN} ${SHOWN}'

[Install]
WantedBy=multi-user.target
`
