import { z } from 'zod'
import type { Directory } from './directory.ts'
import { DirectoryError } from './errors.ts'

/** A description of the directory's root while a copy is put into it, with the sum of the copy. */
export const restoringMark = (sum: string): string => `a restore is under way: ${sum}`

const MARK = /^a restore is under way: ([0-9a-f]{64})$/

/** The sum in that mark; undefined where none of these is one. */
export const markedSum = (descriptions: readonly string[]): string | undefined =>
  descriptions.flatMap((text) => MARK.exec(text)?.[1] ?? [])[0]

const Root = z.object({ description: z.union([z.string(), z.array(z.string())]).optional() })

/**
 * Throws while a restore is under way: whoever is not there yet is not gone. A directory of the site's own need not show
 * its root, and has no such mark.
 *
 * @throws DirectoryError `restoring`
 */
export async function mustBeWhole(directory: Directory): Promise<void> {
  const { baseDN } = directory
  const found = await directory
    .use('looking whether it is whole', (client) =>
      client.search(baseDN, { scope: 'base', attributes: ['description'] }),
    )
    .catch((error: unknown) => {
      if (error instanceof DirectoryError && ['noSuchEntry', 'notAllowed'].includes(error.problem))
        return undefined
      throw error
    })
  const root = Root.safeParse(found?.searchEntries[0])
  const sum = root.success ? markedSum([root.data.description ?? []].flat()) : undefined
  if (sum !== undefined)
    throw new DirectoryError('restoring', `a copy (${sum.slice(0, 12)}…) is being put into ${baseDN}`)
}
