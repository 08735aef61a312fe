import { z } from 'zod'
import { addPerson } from '../directory/people.ts'
import { type BareLab, up } from '../lab/bare/bare.ts'
import type { LabLdap } from '../lab/bare/ldap.ts'
import { startPlatform } from '../lab/bare/platform.ts'
import { PASSWORD, person } from '../test/gateway/people.ts'
import { type PretendPc, pretendPc } from '../test/gateway/pretend-pc.ts'
import { homes } from '../test/gateway/room.ts'
import { directoryOf } from '../test/harness/slapd.ts'

/** A lab with people in its directory and one PC that only pretends: what the gateway's own work is measured in. */
export interface GatewayLab {
  readonly lab: BareLab
  readonly people: readonly string[]
  readonly pc: PretendPc
  end(): Promise<void>
}

export const say = (line: string): void => console.error(`  ${line}`)

export async function gatewayLab(count: number): Promise<GatewayLab> {
  const lab = await up({ name: `bench-${process.pid}`, ldap: true, ownerPid: process.pid, progress: say })
  try {
    await startPlatform(lab, say)
    const people = Array.from({ length: count }, (_, index) => `visitor-${index}`)
    say(`adding ${count} people to LDAP`)
    await homes(lab, ...people)
    const last = people.at(-1) ?? ''
    const directory = directoryOf(ldapOf(lab), 'admin')
    for (const login of people.slice(0, -1))
      await addPerson(directory, { login, name: login, groups: [], shell: '/bin/bash', password: PASSWORD })
    await directory.close()
    // Published in the order in which they came.
    await person(lab, last)
    const pc = await pretendPc(lab, 'bench-pc')
    return {
      lab,
      people,
      pc,
      async end() {
        await pc.end()
        await lab.down()
      },
    }
  } catch (error) {
    await lab.down()
    throw error
  }
}

function ldapOf({ ldap, name }: BareLab): LabLdap {
  if (ldap === undefined) throw new Error(`the lab "${name}" has no LDAP`)
  return ldap
}

export const Began = z.object({ origin: z.string() })
export const Done = z.object({ done: z.literal(true) })
