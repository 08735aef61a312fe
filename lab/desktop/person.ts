import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HOME_MARKER, homeMarker } from '../../config/home-marker.ts'

/** The uid and gid of the one person of these desktops. */
export const UID = 12_345
export const LOGIN = 'ada'
export const ENTRY_UUID = '11111111-2222-3333-4444-555555555555'

/** Their files in the folder `share`, as the host sees them. */
export interface Belongings {
  readonly home: string
  readonly shared: string
}

export const belongingsIn = (share: string): Belongings => ({
  home: join(share, 'u', LOGIN),
  shared: join(share, 'common', 'shared'),
})

/** Makes a home and a shared folder as storage makes them, and the account files that the webhook gives. */
export function makeBelongings(share: string): void {
  const { home, shared } = belongingsIn(share)
  for (const folder of [home, shared]) mkdirSync(folder, { recursive: true })
  chownSync(home, UID, UID)
  chmodSync(home, 0o700)
  chmodSync(shared, 0o777)
  writeFileSync(join(home, HOME_MARKER), homeMarker(ENTRY_UUID, LOGIN), { mode: 0o444 })
  writeFileSync(
    join(share, 'passwd'),
    `root:x:0:0:root:/root:/usr/sbin/nologin\n${LOGIN}:x:${UID}:${UID}:${LOGIN}:/home/${LOGIN}:/bin/bash\n`,
  )
  writeFileSync(join(share, 'group'), `root:x:0:\n${LOGIN}:x:${UID}:\n`)
}
