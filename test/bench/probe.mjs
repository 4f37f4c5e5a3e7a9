// Loaded into a child that is measured: tells its processor time and memory when asked by its parent, and does nothing else.
// Plain JavaScript, since stripping types would cost the child 20 MB; the channel is no reason to stay alive.
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.({ cpu: (user + system) / 1000, rss: process.memoryUsage.rss() })
})
process.channel?.unref()
