import test from 'ava'
import { interfacesOf } from '../../packet-filter/interfaces.ts'

/** As the kernel writes it: a PC whose pods share a bridge, with one that has an interface of its own. */
const TABLE = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t01005A0A\t0003\t0\t0\t100\t00000000\t0\t0\t0
eth0\t00005A0A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth0\t0001F40A\t34005A0A\t0003\t0\t0\t0\t00FFFFFF\t0\t0\t0
cni0\t0002F40A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
veth12\t0902F40A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0
`

test('an address is behind the interface of its longest route', (t) => {
  t.deepEqual(interfacesOf(['10.244.2.7', '10.244.2.8'], TABLE), ['cni0'])
  t.deepEqual(interfacesOf(['10.244.2.9', '10.244.2.7'], TABLE), ['cni0', 'veth12'])
})

test('what is reached by the way out of the PC only, and what is no address, is behind none', (t) => {
  t.deepEqual(interfacesOf(['192.0.2.7', 'fd00::7', '', '} evil'], TABLE), [])
  t.deepEqual(interfacesOf(['10.244.2.7'], 'nonsense\nno route'), [])
})

test('a name that would be more than a name in the rules is none', (t) => {
  const table = TABLE.replace('cni0', 'cni0"accept')
  t.deepEqual(interfacesOf(['10.244.2.7'], table), [])
})
