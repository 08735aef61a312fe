import { COPIES, SERVICE_DATA } from '../config/names.ts'

/** What lies where in the storage directory, as names below its root. */
export const LAYOUT = {
  /** Says that this is the storage directory, and not the empty place where it should be mounted. */
  marker: '.deskfleet-storage',
  /** root 0711: one directory for each person, named by entryUUID. Only storage/homes writes here. */
  homes: 'homes',
  /** What everybody in the group `people` shares: root:people 3770. */
  shared: 'shared',
  /** root 0700: homes of removed people, `<date>-<login>-<entryUUID>`. */
  trash: 'trash',
  /** 65532 0700: encrypted copies of the directory (directory/copies/). Made here, since only root may. */
  copies: COPIES.folder,
  /** root 0711: what services keep, each in `NAME/CLAIM`, which is its own. Made here as well. */
  services: SERVICE_DATA.folder,
  /** root 0700: homes that are being built. Whatever is found here at the start of a pass was left by a crash. */
  making: '.making',
  /** In both storages while homes are moved between them: neither may be used alone. */
  unfinished: '.deskfleet-moving',
  /** In a storage that all homes have left for good. */
  left: '.deskfleet-moved',
  /** root 0700: copies of homes that are being moved here, by their names. */
  arriving: '.arriving',
  /** root 0700: what was moved to the other storage, as it was. Nobody here removes it. */
  moved: 'moved',
} as const
