import test from 'ava'
import { withAddresses } from '../../../../storage/gluster/pc/hosts.ts'

const KUBELETS = '# Kubernetes-managed hosts file (host network).\n127.0.0.1\tlocalhost\n'

test('names of PCs stand before what was there, which stays', (t) => {
  const text = withAddresses(KUBELETS, [
    { name: 'pc-2', address: '192.0.2.2' },
    { name: 'pc-1', address: '192.0.2.1' },
  ])
  t.true(text.indexOf('192.0.2.1 pc-1') < text.indexOf('192.0.2.2 pc-2'))
  t.true(text.endsWith(KUBELETS))
})

test('written again, they take the place of those before', (t) => {
  const once = withAddresses(KUBELETS, [{ name: 'pc-1', address: '192.0.2.1' }])
  const twice = withAddresses(once, [{ name: 'pc-1', address: '192.0.2.9' }])
  t.false(twice.includes('192.0.2.1 '))
  t.is(withAddresses(twice, [{ name: 'pc-1', address: '192.0.2.1' }]), once)
})

test('nobody else names a PC of the room in it', (t) => {
  const before =
    '127.0.0.1 localhost\n127.0.1.1 pc-1.example.org pc-1\n127.0.1.1 pc-1\n# pc-1 stays in words\n'
  const text = withAddresses(before, [{ name: 'pc-1', address: '192.0.2.1' }])
  t.deepEqual(text.match(/^[0-9].*$/gm), [
    '192.0.2.1 pc-1',
    '127.0.0.1 localhost',
    '127.0.1.1 pc-1.example.org',
  ])
  t.true(text.includes('# pc-1 stays in words'))
})

test('what is no name or no address is left out', (t) => {
  const text = withAddresses('', [
    { name: 'pc-1\n192.0.2.66 pc-2', address: '192.0.2.1' },
    { name: 'pc-3', address: '192.0.2.3 pc-2' },
  ])
  t.false(text.includes('pc-'))
})
