import type { Person } from '../person.ts'
import type { Digest, Published } from './facts.ts'

/** The cluster, as far as the sync reads and writes it. */
export interface Store {
  /** Every Identity, by slug. */
  list(): Promise<Map<string, Published>>
  /** @param known What was read or written before: it is given back where its version is still the present one. */
  readDigest(known?: Digest): Promise<Digest | undefined>
  /** Makes the Identity be that person's; never touches its status. */
  upsert(person: Person): Promise<Published>
  /**
   * Replaces the digest's lines, all or nothing.
   *
   * @param over The version that was read; undefined when there was none. Fails when it is no longer the present one.
   */
  writeDigest(lines: Readonly<Record<string, string>>, over: string | undefined): Promise<Digest>
  /** Removes this very object; one that is gone already is no failure. */
  remove(published: Published): Promise<void>
  /** Tells when the whole directory was read and published. */
  tellChecked(at: Date): Promise<void>
  /** Sets the condition Published as the spec says, and no other. */
  confirm(published: Published, at: Date): Promise<Published>
}
