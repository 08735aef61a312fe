import test, { type ExecutionContext } from 'ava'
import type { Pc } from '../../../lab/gluster/gluster.ts'
import type { Certificate } from '../../../lab/gluster/trust.ts'
import { birth, brickOf, mountOn, type OwnGluster, ownGluster, VOLUME } from '../../harness/gluster.ts'
import { eventually } from '../../harness/wait.ts'

/**
 * Who is in the network of the PCs, as any pod may be, and wants the files of people past their homes: with no certificate,
 * with one of its own making, and with that of a PC that left.
 */

let room: OwnGluster
let port = 0
const SECRET = 'thesis-of-ada'

test.before(async (t) => {
  t.timeout(240_000, 'the first time, a Debian with Gluster is made')
  room = await ownGluster(3)
  for (const pc of ['pc-2', 'pc-3']) await room.change({ change: 'probe', pc })
  const bricks = [1, 2].map((number) => brickOf(room.server(number)))
  const options = birth(['pc-1', 'pc-2', 'desk'])
  await room.change({ change: 'create', width: 2, arbiters: 0, bricks, options })
  await room.change({ change: 'start', force: false })
  const desk = await room.lab.addClient('desk', { of: 'room', name: 'desk' })
  t.true(await mountOn(desk, room.server(1)), 'whose name is allowed mounts')
  await desk.must(['sh', '-c', `echo private >/mnt/${SECRET}`])
  const { running } = await room.look(['running'])
  port = (running !== 'unread' && running.find(({ pc }) => pc === 'pc-1')?.port) || 0
  t.true(port >= 49_152)
})
test.after.always(() => room?.lab.down())

/** A client's own description of the volume: straight to a brick, or to the port that glusterd names for it. */
const volfile = (tls: boolean, at: string): string => `volume brick
  type protocol/client
  option remote-host pc-1
  option remote-subvolume /brick/${VOLUME}
  option transport-type tcp
  option transport.socket.ssl-enabled ${tls ? 'on' : 'off'}
  ${at}
end-volume
`

/** Whatever is to be seen there within some seconds. */
const LOOK = 'for second in 1 2 3 4 5 6 7 8; do timeout 5 ls $AT/mnt | grep . && break; sleep 1; done'

const ATTACKS: readonly (readonly [what: string, script: string])[] = [
  ['asks glusterd for the volume', 'gluster --mode=script --timeout=8 --remote-host=pc-1 volume info'],
  ['asks glusterd for the PCs', 'gluster --mode=script --timeout=8 --remote-host=pc-1 pool list'],
  [
    'lets itself in by glusterd',
    `gluster --mode=script --timeout=8 --remote-host=pc-1 volume set ${VOLUME} auth.ssl-allow '*'`,
  ],
  [
    'mounts as clients do',
    `glusterfs --volfile-server=pc-1 --volfile-id=/${VOLUME} --log-file=$AT/log $AT/mnt; ${LOOK}; cat $AT/log`,
  ],
  ...[true, false].flatMap((tls): [string, string][] =>
    [
      ['the brick', 'option remote-port PORT'],
      ['the brick by way of glusterd', ''],
    ].map(([what, at]) => [
      `mounts ${what} ${tls ? 'with' : 'without'} TLS`,
      `cat >$AT/vol <<'END'
${volfile(tls, at ?? '')}END
sed -i "s/PORT/$PORT/" $AT/vol
glusterfs --volfile=$AT/vol --log-file=$AT/log $AT/mnt; ${LOOK}`,
    ]),
  ),
  [
    'looks at what glusterd says first',
    'echo | timeout 5 openssl s_client -connect pc-1:24007 -ign_eof 2>/dev/null | grep -a Volume',
  ],
]

/** What nobody outside may learn: a file's name, where bricks are, who is in the pool, what the volume is like. */
const TOLD = new RegExp(
  `${SECRET}|volume ${VOLUME}-client|^Brick\\d|^Volume Name|^UUID|volume set: success`,
  'm',
)

const AFTERWARDS =
  'for at in /run/attack-*; do umount -l $at/mnt; done 2>/dev/null; pkill -x glusterfs; rm -rf /run/attack-*; true'

/** The attacks that succeeded, with the first that each was told. All at once: each waits more than it works. */
async function learned(attacker: Pc): Promise<string[]> {
  const told = await Promise.all(
    ATTACKS.map(async ([what, script], number) => {
      const at = `AT=/run/attack-${number}; PORT=${port}; mkdir -p $AT/mnt`
      const { stdout } = await attacker.exec(['sh', '-c', `${at}; ${script}`], { timeout: 45_000 })
      const word = TOLD.exec(stdout)?.[0]
      return word === undefined ? [] : [`${what}: ${word}`]
    }),
  )
  await attacker.exec(['sh', '-c', AFTERWARDS])
  return told.flat()
}

async function nothingHappened(t: ExecutionContext): Promise<void> {
  const { volume, peers } = await room.look(['volume', 'peers'])
  t.is(volume !== 'unread' && volume !== 'none' && volume.options['auth.ssl-allow'], 'pc-1,pc-2,desk')
  t.deepEqual(peers !== 'unread' && peers.map(({ name }) => name).sort(), members)
}
let members = ['pc-1', 'pc-2', 'pc-3']

for (const [name, certificate, plain] of [
  ['nobody', { of: 'nobody' }, false],
  ['plain', { of: 'nobody' }, true],
  ['selfmade', { of: 'another room', name: 'pc-1' }, false],
] as const satisfies readonly (readonly [string, Certificate, boolean])[])
  test.serial(
    `${certificate.of === 'nobody' ? `who has no certificate, and speaks ${plain ? 'plainly' : 'TLS'},` : 'whose certificate is self-made'} learns nothing`,
    async (t) => {
      t.timeout(240_000)
      const attacker = await room.lab.addClient(name, certificate)
      if (plain) await attacker.must(['rm', '/var/lib/glusterd/secure-access'])
      t.deepEqual(await learned(attacker), [])
      await nothingHappened(t)
    },
  )

test.serial('a PC of the room that is shut out reads no file', async (t) => {
  t.timeout(240_000)
  const stranger = await room.lab.addClient('stranger', { of: 'room', name: 'stranger' })
  t.deepEqual(
    (await learned(stranger)).filter((one) => one.includes(SECRET) || one.includes('success')),
    [],
  )
  await nothingHappened(t)
})

test.serial('the attacks are real: a PC of the room is told what it asks for', async (t) => {
  t.timeout(240_000)
  const inside = await room.lab.addClient('desk-2', { of: 'room', name: 'desk' })
  t.deepEqual(
    (await learned(inside)).map((one) => one.split(':')[0]),
    [
      'asks glusterd for the volume',
      'asks glusterd for the PCs',
      'mounts as clients do',
      'mounts the brick with TLS',
      'mounts the brick by way of glusterd with TLS',
    ],
  )
  await nothingHappened(t)
})

/** As root, its glusterd takes on the identity of a PC that is in the pool still. */
const POSE = `pkill -x glusterd; cd /var/lib/glusterd
for file in peers/*; do grep -q =pc-2$ "$file" && uuid=\${file#peers/}; done
rm "peers/$uuid"; sed -i "s/^UUID=.*/UUID=$uuid/" glusterd.info
glusterd; sleep 6
gluster --mode=script --timeout=10 pool list
gluster --mode=script --timeout=10 volume set ${VOLUME} auth.ssl-allow '*'`

test.serial(
  'a PC that left, with all that it knew and had mounted, learns nothing and is let in nowhere',
  async (t) => {
    t.timeout(300_000)
    const left = room.server(3)
    await room.change({ change: 'options', options: { 'auth.ssl-allow': 'pc-1,pc-2,pc-3,desk' } })
    t.true(await mountOn(left, room.server(1)))
    t.regex(await left.must(['ls', '/mnt']), new RegExp(SECRET))
    await room.change({ change: 'options', options: { 'auth.ssl-allow': 'pc-1,pc-2,desk' } })
    const look = ['sh', '-c', `timeout 5 ls /mnt; timeout 5 cat /mnt/${SECRET}`]
    await eventually('what it had mounted shows nothing', async () => (await left.exec(look)).stdout === '')

    await left.powerOff()
    await eventually('pc-3 is missed', async () => {
      const { peers } = await room.look(['peers'])
      return peers !== 'unread' && peers.some(({ name, connected }) => name === 'pc-3' && !connected)
    })
    await room.change({ change: 'detach', pc: 'pc-3' })
    members = ['pc-1', 'pc-2']
    await room.lab.revoke('pc-3')
    await left.powerOn()
    t.deepEqual(await learned(left), [])
    await left.exec(['gluster', '--mode=script', 'peer', 'probe', 'pc-1'], { timeout: 60_000 })
    const { stdout } = await left.exec(['sh', '-c', POSE], { timeout: 90_000 })
    t.regex(stdout, /volume set: success/, 'it says so to itself')
    t.notRegex(stdout.replaceAll(/^.*localhost.*$/gm, ''), /Connected/, 'and nobody hears it')
    await nothingHappened(t)
    // Those who stayed still find each other.
    for (const number of [1, 2]) {
      await room.server(number).powerOff()
      await room.server(number).powerOn()
    }
    await eventually('the PCs that stayed are a pool', async () => {
      const { peers } = await room.look(['peers'])
      return peers !== 'unread' && peers.every(({ connected }) => connected)
    })
  },
)
