import { open } from 'node:fs/promises'
import { UsageError } from './errors.ts'

/** Writes a file that only its owner reads; never over one that is there: it may be the only key. */
export async function writeNew(file: string, content: string | Buffer): Promise<void> {
  const handle = await open(file, 'wx', 0o600).catch((error) => {
    const why = error.code === 'EEXIST' ? 'is there already' : `cannot be written (${error.code})`
    throw new UsageError(`${file} ${why}: choose another name`)
  })
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
