import type { Client } from 'ldapts'
import { z } from 'zod'
import { DirectoryError } from './errors.ts'
import { type Stamps, stampsOf } from './stamps.ts'

const Entry = z.object({
  contextCSN: z.union([z.string(), z.array(z.string())]).transform((found) => [found].flat()),
})

/** How far the server at the other end has come. @throws DirectoryError */
export async function readStamps(client: Client, baseDN: string): Promise<Stamps> {
  const { searchEntries } = await client.search(baseDN, { scope: 'base', attributes: ['contextCSN'] })
  const entry = Entry.safeParse(searchEntries[0])
  if (!entry.success) throw new DirectoryError('unexpected', `${baseDN} says nothing of its stamps`)
  return stampsOf(entry.data.contextCSN)
}
