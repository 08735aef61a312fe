import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Credentials } from './gateway.ts'

/**
 * What kubeadm gives a master for asking etcd whether it is well: whoever has it may do everything in etcd.
 *
 * @param folder of etcd's certificates, `/etc/kubernetes/pki/etcd` on a master
 */
export async function credentialsIn(folder: string): Promise<Credentials> {
  const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8')
  return {
    authority: await read('ca.crt'),
    certificate: await read('healthcheck-client.crt'),
    key: await read('healthcheck-client.key'),
  }
}
