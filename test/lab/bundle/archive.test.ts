import test from 'ava'
import { installedBy, withoutArchitecture } from '../../../lab/bundle/archive.ts'

/** Which of the files in a folder are those that apt would install. */

const SIMULATION = `Reading package lists...
The following NEW packages will be installed:
  procps runc
Inst libc6 (2.36-9+deb12u13 Debian:12.12/oldstable [amd64])
Inst procps (2:4.0.2-3 Debian:12.12/oldstable [amd64])
Inst runc [1.1.4] (1.1.5+ds1-1+deb12u1 Debian-Security:12/oldstable-security [amd64]) []
Conf libc6 (2.36-9+deb12u13 Debian:12.12/oldstable [amd64])
`

test('what apt would install is known by name and version', (t) => {
  t.deepEqual(
    [...installedBy(SIMULATION)],
    ['libc6_2.36-9+deb12u13', 'procps_2:4.0.2-3', 'runc_1.1.5+ds1-1+deb12u1'],
  )
})

for (const [file, stem] of [
  ['libc6_2.36-9+deb12u13_amd64.deb', 'libc6_2.36-9+deb12u13'],
  ['procps_2%3a4.0.2-3_amd64.deb', 'procps_2:4.0.2-3'],
  ['ca-certificates_20230311+deb12u1_all.deb', 'ca-certificates_20230311+deb12u1'],
] as const)
  test(`${file} is ${stem}`, (t) => t.is(withoutArchitecture(file), stem))
