import test from 'ava'
import { listName, newRevocations } from '../../../certificates/revocation.ts'
import { IMAGES } from '../../../config/images.ts'
import { GLUSTER } from '../../../config/names.ts'
import { issue, makeAuthority } from '../../../lab/bare/certificates.ts'
import { buildImages } from '../../../lab/images/build.ts'
import { pushImage } from '../../../lab/room/registry.ts'
import { sharedRoom } from '../../harness/room.ts'
import { becomes } from '../../harness/wait.ts'

/** Gluster as the image has it, on the brick of a PC, and the client that is copied out of it. */

const NAMESPACE = 't-gluster'
const POD = 'server'
/** Beside the folder that the platform gives to Gluster. */
const FOLDER = `t-gluster-${process.pid}`

/** In the pod: a volume with TLS on everything, mounted by a copy of /client as a PC would have it. */
const SCRIPT = `
touch /var/lib/glusterd/secure-access
mkdir /var/lib/glusterd/crl
cp /tls/*.r0 /var/lib/glusterd/crl
glusterd
gluster() { /usr/sbin/gluster --mode=script "$@"; }
until gluster pool list >/dev/null 2>&1; do sleep 0.2; done
mkdir -p /brick/${FOLDER}
gluster volume create t ${POD}:/brick/${FOLDER}/data
for option in 'client.ssl on' 'server.ssl on' 'auth.ssl-allow ${POD}'; do gluster volume set t $option; done
gluster volume start t
gluster volume status t | grep Brick
cp -a /client /pc
chroot /pc /usr/sbin/glusterfs --version | head -1
du -sm /pc
for folder in dev proc tls; do mount --bind /$folder /pc/$folder; done
mount --bind /etc/hosts /pc/etc/hosts
mount -t tmpfs run /pc/run
mkdir /pc/run/home
chroot /pc /usr/sbin/glusterfs --volfile-server=${POD} --volfile-id=t --log-file=/run/log /run/home || { cat /pc/run/log; exit 1; }
tries=0
until [ "$(stat -f -c %T /pc/run/home)" = fuseblk ] || [ $tries = 50 ]; do sleep 0.1; tries=$((tries + 1)); done
echo hello >/pc/run/home/file
echo "on the brick: $(cat /brick/${FOLDER}/data/file)"
echo "mounted: $(findmnt --noheadings --output FSTYPE /pc/run/home)"
echo "first process: $(cat /proc/1/comm)"
umount /pc/run/home
gluster volume stop t force
rm -rf /brick/${FOLDER}`

test.after.always(async () => {
  await (await sharedRoom()).run(['delete', 'namespace', NAMESPACE, '--wait=false'])
})

test('glusterd of the image serves the brick of a PC, and its client mounts it from a root of its own, by TLS', async (t) => {
  t.timeout(1_200_000)
  const room = await sharedRoom()
  const [image] = await buildImages(['gluster'], t.log)
  if (!image) return t.fail('no image')
  const reference = await pushImage(room.machine, image, IMAGES.gluster.tag)
  const authority = await makeAuthority('t-gluster')
  const own = await issue(authority, { name: POD, hosts: [POD] })
  const files = {
    'glusterfs.key': own.key,
    'glusterfs.pem': own.certificate,
    'glusterfs.ca': authority.certificate,
    // Without a list of revoked certificates glusterd believes nobody.
    [listName(authority.certificate, 0)]: await newRevocations(authority, [], undefined, new Date()),
  }
  const metadata = { name: POD, namespace: NAMESPACE }
  const items = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    { apiVersion: 'v1', kind: 'Secret', metadata, stringData: files },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata,
      spec: {
        nodeName: room.pcs.at(-1)?.name,
        restartPolicy: 'Never',
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 1,
        volumes: [
          { name: 'tls', secret: { secretName: POD, defaultMode: 0o400 } },
          { name: 'brick', hostPath: { path: GLUSTER.brick, type: 'Directory' } },
        ],
        containers: [
          {
            name: 'main',
            image: reference,
            args: ['sh', '-euc', SCRIPT],
            securityContext: { privileged: true, runAsUser: 0, runAsGroup: 0 },
            volumeMounts: [
              { name: 'tls', mountPath: '/tls', readOnly: true },
              { name: 'brick', mountPath: '/brick' },
            ],
          },
        ],
      },
    },
  ]
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  const made = await room.run(['apply', '-f', '-'], { input })
  t.is(made.code, 0, made.stderr)
  const log = async (): Promise<string> => (await room.run(['logs', POD, '-n', NAMESPACE])).stdout
  const phase = async (): Promise<string> =>
    (await room.run(['get', 'pod', POD, '-n', NAMESPACE, '-o', 'jsonpath={.status.phase}'])).stdout
  await becomes('whether the pod has ended', async () => /^(Succeeded|Failed)$/.test(await phase()), true)
  const said = await log()
  t.is(await phase(), 'Succeeded', said)
  t.regex(said, /^glusterfs 11\.1$/m)
  t.regex(said, /^on the brick: hello$/m)
  t.regex(said, /^mounted: fuse\.glusterfs$/m)
  t.regex(said, /^first process: tini$/m)
  const [, port] = /^Brick \S+\s+(\d+)\s/m.exec(said) ?? []
  t.true(Number(port) >= GLUSTER.bricks.first && Number(port) <= GLUSTER.bricks.last, said)
})
