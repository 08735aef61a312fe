import { constants } from 'node:fs'
import { copyFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { SNAPSHOT } from './manifest.ts'
import { runToEnd } from './run-program.ts'
import type { Opened } from './unseal.ts'

const Sum = z.object({ hash: z.int(), hashRevision: z.int(), compactRevision: z.int() })

/**
 * Why what was opened is not what was proven when it was made; undefined when it is. It needs no etcd that runs, so it
 * can be asked on any machine, by whoever wants to know whether their key opens a copy that is good.
 */
export async function checkCopy({ manifest, folder }: Opened, etcdutl: string): Promise<string | undefined> {
  const { revision, hash, compacted } = manifest.etcd
  // Of another file: etcd's program writes into what it reads, and its own restore would refuse that.
  const looked = join(folder, `${SNAPSHOT}.looked-at`)
  await copyFile(join(folder, SNAPSHOT), looked, constants.COPYFILE_FICLONE)
  const args = ['hashkv', looked, `--rev=${revision}`, '--write-out=json']
  const told = await runToEnd(etcdutl, args).finally(() => rm(looked))
  if ('failed' in told) return `its database cannot be read: ${told.failed}`
  const sum = Sum.safeParse(jsonOf(told.stdout))
  if (!sum.success) return `${etcdutl} answers something else: ${told.stdout.slice(0, 200)}`
  const same = sum.data.hash === hash && sum.data.compactRevision === compacted
  return same ? undefined : `its database is not the one that was proven at revision ${revision}`
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
