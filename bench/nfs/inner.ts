import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Pc } from '../../lab/gluster/gluster.ts'

/** Runs commands where something is mounted. */
export type Place = Pick<Pc, 'must'>

/**
 * A Linux of its own that runs as a program in a PC (user-mode Linux), since this machine's kernel may have no NFS. It takes
 * the PC's address and name, is started for each command, so that it has nothing in its caches, and mounts first. Its calls of
 * the kernel cost some microseconds more than the machine's own: what is compared is to run in it as well.
 */
export async function innerLinux(pc: Pc, mount: string): Promise<Place> {
  const put = (path: string, text: string) =>
    pc.must(['sh', '-c', `mkdir -p "$(dirname "$1")" && cat >"$1"`, 'put', path], { input: text })
  for (const file of ['processor-state.c', 'init.sh'])
    await put(`/inner/${file}`, readFileSync(join(import.meta.dirname, file), 'utf8'))
  await put('/job/address', pc.address())
  await put('/job/mount', mount)
  await pc.must(['sh', '-euc', PREPARE])
  return {
    async must(args, { input = '', timeout = 60_000 } = {}) {
      await put('/job/in', input)
      await put('/job/command', args.map(quoted).join(' '))
      const said = await pc.exec(['sh', '-euc', START], { timeout })
      const [code, stdout, stderr] = await Promise.all(
        ['code', 'out', 'err'].map((file) => pc.must(['sh', '-c', `cat /job/${file} || true`])),
      )
      if (code?.trim() === '0') return stdout ?? ''
      const reason = stderr?.trim() || said.stdout.trim().split('\n').slice(-12).join('\n')
      throw new Error(`\`${args.slice(0, 3).join(' ')}\` in a Linux of its own: ${reason}`)
    },
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** Its cable comes out of the PC's own, and its memory is a file. */
const PREPARE = `
gcc -O2 -shared -fPIC -o /inner/processor-state.so /inner/processor-state.c
[ -e /dev/net/tun ] || { mkdir -p /dev/net; mknod /dev/net/tun c 10 200; }
mkdir -p /inner/memory /usr/lib/modules
ln -sn /usr/lib/uml/modules/* /usr/lib/modules/
mount -t tmpfs -o size=1g memory /inner/memory
ip tuntap add tap0 mode tap
ip link add inner type bridge
ip address flush dev eth0
for end in eth0 tap0; do ip link set "$end" master inner; ip link set "$end" up; done
ip link set inner up`

const START = `
rm -f /job/out /job/err /job/code
chmod +x /inner/init.sh
LD_PRELOAD=/inner/processor-state.so TMPDIR=/inner/memory exec linux.uml \\
  mem=768M rootfstype=hostfs rootflags=/ rw init=/inner/init.sh quiet \\
  con=null con0=null,fd:1 vec0:transport=tap,ifname=tap0,depth=128,gro=1`
