import { PACKET_FILTER } from '../config/names.ts'
import { runService } from '../service/service.ts'
import { startPacketFilter } from './service.ts'
import { readSettings } from './settings.ts'

/** `packet-filter/`: Keeps the desktops of each PC away from the PCs' own network, by nftables. */
await runService({
  name: PACKET_FILTER.name,
  settings: readSettings,
  start: (context) => startPacketFilter(context),
})
