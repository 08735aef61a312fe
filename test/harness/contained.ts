import { readdirSync, readFileSync } from 'node:fs'

/** How many processes the containers of a run have, its cgroup being above them all. */
export const containedIn = (run: string): number =>
  readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(`/deskfleet-${run}/`)
    } catch {
      return false
    }
  }).length
