import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newAuthority } from '../../certificates/authority.ts'
import { newLeaf } from '../../certificates/leaf.ts'
import type { Machine } from '../machine/machine.ts'

/** A name and password that the registry asks for. */
export interface Login {
  readonly name: string
  readonly password: string
}

/** Who may do what at the room's registry, made anew with each room. Passwords stand in no file of the lab. */
export interface RegistryAccess {
  /** PEM: who vouches for it. */
  readonly authority: string
  /** Of every PC. */
  readonly pull: Login
  /** Of whoever brings images into the room. */
  readonly push: Login
  /** Paths of files that the registry reads. */
  readonly files: {
    readonly certificate: string
    readonly key: string
    /** Who may log in where images are read, and where they are written. */
    readonly pull: string
    readonly push: string
  }
}

/** Makes certificate, key and logins for a registry that is called by these names, in `folder`, for root alone. */
export async function makeAccess(
  machine: Machine,
  folder: string,
  names: readonly string[],
): Promise<RegistryAccess> {
  const now = new Date()
  const authority = await newAuthority({ name: "The room's registry" }, now)
  const leaf = await newLeaf(authority, names, now)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const write = (name: string, text: string): string => {
    const file = join(folder, name)
    writeFileSync(file, text, { mode: 0o600 })
    return file
  }
  const [pull, push] = [newLogin('pull'), newLogin('push')]
  return {
    authority: authority.certificate,
    pull,
    push,
    files: {
      certificate: write('tls.crt', leaf.certificate),
      key: write('tls.key', leaf.key),
      pull: write('pull.htpasswd', await lineOf(machine, pull)),
      push: write('push.htpasswd', await lineOf(machine, push)),
    },
  }
}

const newLogin = (name: string): Login => ({ name, password: randomBytes(24).toString('base64url') })

/** As HTTP's header `Authorization` has it after the word Basic. */
export const basic = ({ name, password }: Login): string =>
  Buffer.from(`${name}:${password}`).toString('base64')

/** Of 192 random bits nobody guesses any, so the hash is the quickest that bcrypt has: it is made at every request. */
const COST = '05'
const SALT_LETTERS = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** The line of a htpasswd file. The registry takes bcrypt alone, which libcrypt has and Node does not; perl reaches it. */
async function lineOf(machine: Machine, { name, password }: Login): Promise<string> {
  const letters = [...randomBytes(21)].map((byte) => SALT_LETTERS[byte % 64]).join('')
  // The last letter of a salt carries two bits of it; the others of it must be nought.
  const salt = `$2b$${COST}$${letters}.`
  const script = `chomp(my $password = <STDIN>); print crypt($password, '${salt}')`
  const hash = await machine.must(['perl', '-e', script], { input: `${password}\n` })
  if (!hash.startsWith(salt)) throw new Error('the libcrypt of the machine of the run makes no bcrypt hashes')
  return `${name}:${hash}\n`
}
