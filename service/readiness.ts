/** What a service still lacks before it does what it is there for. */
export interface Readiness {
  /** Adds a question, asked at every look: the reasons against being ready, none when there are none. */
  needs(lacks: () => readonly string[]): void
  lacks(): string[]
}

/** A service that has not said yet what it needs is not ready: it may still wait before it comes to that. */
export function newReadiness(): Readiness {
  const questions: (() => readonly string[])[] = []
  return {
    needs: (lacks) => void questions.push(lacks),
    lacks: () =>
      questions.length === 0 ? ['it has just begun'] : questions.flatMap((question) => question()),
  }
}
