// A machine without IPv6: a network namespace of its own in which there is none, and the listener in it.
// Where both addresses are, test/owner/openGateway.test.ts asks at both.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isSkipped } from '../support/skipped.ts'

const bind = join(import.meta.dirname, '..', '..', 'app', 'net', 'loopback.ts')
const withoutIpv6 = 'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6 && ip link set lo up && exec "$@"'
const run = (...command: string[]) =>
  execFileSync('unshare', ['--map-root-user', '--net', 'sh', '-c', withoutIpv6, 'sh', ...command], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore']
  })

function canRun(): boolean {
  try {
    run('true')
    return true
  } catch {
    return false
  }
}

test.skipIf(isSkipped(!canRun(), 'no network namespace without IPv6 can be made here'))(
  'without IPv6 the other loopback address answers alone',
  () => {
    const script = `
    const { bind } = await import(${JSON.stringify(bind)})
    const servers = await bind((_, response) => response.end('here'), 0, { name: 'gateway', option: '--gateway-port' })
    const { address, port } = servers[0].address()
    console.log(servers.length, address, await (await fetch('http://127.0.0.1:' + port)).text())
    process.exit()`
    expect(run(process.execPath, '--input-type=module', '--eval', script)).toBe('1 127.0.0.1 here\n')
  }
)
