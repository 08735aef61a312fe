import type { Pc } from '../../lab/gluster/gluster.ts'

/** Where the server's files are, on a disk like the ones that bricks are on. */
export const EXPORT = '/export'

/** Serves a folder by NFS 4.2 as a site would: NFS-Ganesha, on XFS, what is said to be written is on the disk. */
export const serveByNfs = (pc: Pc): Promise<string> =>
  pc.must(['sh', '-euc', SERVE], { input: SETTINGS, timeout: 60_000 })

/** How it is mounted from elsewhere. */
export const mountNfs = (server: string, folder: string): string =>
  `mkdir -p ${folder} && mount -t nfs4 -o vers=4.2,hard,noresvport ${server}:${EXPORT} ${folder}`

const SERVE = `
truncate -s 400M /disk.img
mkfs.xfs -q -i size=512 /disk.img
mkdir -p ${EXPORT} /etc/ganesha /run/ganesha /var/lib/nfs/ganesha
ln -sf /proc/self/mounts /etc/mtab
mount -o loop /disk.img ${EXPORT}
cat >/etc/ganesha/room.conf
ganesha.nfsd -f /etc/ganesha/room.conf -L /var/log/ganesha.log -p /run/ganesha/ganesha.pid
tries=0
until ss -Hltn 'sport = :2049' | grep -q .; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || { tail -5 /var/log/ganesha.log >&2; exit 1; }
  sleep 0.1
done`

const SETTINGS = `
NFS_CORE_PARAM { Protocols = 4; allow_set_io_flusher_fail = true; Enable_NLM = false; Enable_RQUOTA = false; }
# Nobody had it mounted before: there is nothing to wait for.
NFSv4 { Graceless = true; Minor_Versions = 1, 2; }
LOG { Default_Log_Level = WARN; }
EXPORT {
  Export_Id = 1; Path = ${EXPORT}; Pseudo = ${EXPORT};
  Access_Type = RW; Squash = No_Root_Squash; SecType = sys; Protocols = 4; Transports = TCP;
  FSAL { Name = VFS; }
}
`
