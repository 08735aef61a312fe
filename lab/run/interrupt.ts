/**
 * Ends what is half made when the user interrupts (Ctrl-C, SIGTERM), then this process with exit code 130. A second
 * interruption changes nothing: what is being ended is ended.
 *
 * @returns whether it was interrupted; whoever fails because of that leaves the last word to it
 */
export function onInterrupt(clear: () => Promise<unknown>, progress: (line: string) => void): () => boolean {
  let begun = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (begun) return
      begun = true
      progress('ending what was started')
      clear()
        .catch((error: unknown) => progress(error instanceof Error ? error.message : String(error)))
        .finally(() => process.exit(130))
    })
  }
  return () => begun
}
