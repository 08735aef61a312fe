/** `bench/`: Speed and memory beside others, as tables and figures. */

import { run as admission } from './admission.ts'
import { run as carry } from './carry.ts'
import { run as desktop } from './desktop.ts'
import { run as kiosk } from './kiosk.ts'
import { run as logins } from './logins.ts'
import { run as masters } from './masters.ts'
import { run as people } from './people.ts'
import { run as screen } from './screen.ts'
import { run as storage } from './storage.ts'
import { run as storageStart } from './storage-start.ts'
import { run as storageTuning } from './storage-tuning.ts'
import { run as synth } from './synth.ts'
import { run as webhook } from './webhook.ts'
import { run as webhookBusy } from './webhook-busy.ts'

/** `npm run bench [NAME…]`: tables on stdout, figures with machine facts in bench/results/. */
const BENCHES: Readonly<Record<string, () => Promise<unknown>>> = {
  synth,
  webhook,
  'webhook-busy': webhookBusy,
  people,
  masters,
  admission,
  logins,
  screen,
  desktop,
  carry,
  storage,
  'storage-start': storageStart,
  'storage-tuning': storageTuning,
  kiosk,
}

const asked = process.argv.slice(2)
if (asked.includes('--help')) {
  console.log(
    `npm run bench [-- NAME...]\n\nNAME: ${Object.keys(BENCHES).join(', ')}; all without one. Tables on stdout, figures in bench/results/.`,
  )
  process.exit(0)
}
const unknown = asked.filter((name) => !Object.hasOwn(BENCHES, name))
if (unknown.length > 0) {
  console.error(`no such benchmark: ${unknown.join(', ')}; there are: ${Object.keys(BENCHES).join(', ')}`)
  process.exit(2)
}
for (const [name, run] of Object.entries(BENCHES)) {
  if (asked.length === 0 || asked.includes(name)) await run()
}
