import { once } from 'node:events'
import { STORAGE } from '../../../config/names.ts'
import { LAYOUT } from '../../layout.ts'
import { printable, readList } from './read.ts'

/**
 * What `npx deskfleet storage lost` runs in a pod of the home-mounter: names the files that lay on a set, a line for
 * each: whose, bytes, seconds since 1970, name. First a line with when they were listed.
 */

const [set = '', home = '', until = ''] = process.argv.slice(2)
if (!/^[1-9]\d{0,3}$/.test(set) || !/^\d*$/.test(until)) {
  console.error('SET [ENTRYUUID [MS]]')
  process.exit(2)
}

const print = async (line: string): Promise<void> => {
  if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain')
}

try {
  let told = false
  const before = until === '' ? Number.POSITIVE_INFINITY : Number(until)
  const { at, files } = await readList(STORAGE.volume, Number(set), before, async (file, owner) => {
    if (home !== '' && owner !== home) return
    told = true
    const below = owner === undefined ? 0 : `${LAYOUT.homes}/${owner}/`.length
    await print(`file\t${owner ?? ''}\t${file.size}\t${file.mtime}\t${printable(file.path.subarray(below))}`)
  })
  await print(`list\t${at}\t${files}\t${told ? 'some' : 'none'}`)
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
