import { monitorEventLoopDelay } from 'node:perf_hooks'

/**
 * Loaded before a program that is measured (`node --import`): tells how long its event loop stood since it was last asked.
 * Alone, it is the control: a program that does nothing, and what the machine itself makes it wait.
 */
const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()

process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.({
    longest: delay.max / 1e6,
    p99: delay.percentile(99) / 1e6,
    rss: process.memoryUsage.rss(),
    most: process.resourceUsage().maxRSS * 1024,
    cpu: user + system,
  })
  delay.reset()
})
