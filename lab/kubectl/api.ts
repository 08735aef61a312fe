import type { Credentials } from '../bare/credentials.ts'
import { type Answer, ask } from '../network/ask.ts'

/** One GET of the API server as the lab's administrator, without a kubectl: for what is asked again and again. */
export function apiGet(server: string, credentials: Credentials, path: string): Promise<Answer> {
  return ask({
    port: Number(new URL(server).port),
    path,
    authority: credentials.pair('cluster-ca').certificate,
    client: credentials.pair('admin'),
  })
}
