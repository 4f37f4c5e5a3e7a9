// Which proxy a request goes through: environment, setting, exceptions, and what each system's tool says.
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createProxyResolver, parseExceptions, readProxyList } from '../../app/net/proxy.ts'
import { askSystem, readGsettings, readRegistry, readScutil } from '../../app/net/systemProxy.ts'
import { heldClock } from '../oauth/oauth.fixture.ts'

const target = new URL('https://mcp.example.com/mcp')
const resolve = (environment: Record<string, string>, setting = 'system', url = target) =>
  createProxyResolver({ setting, environment, system: async () => 'http://of-the-system:1' })(url)

describe('where from', () => {
  test('the environment in both spellings, small letters first; then the system', async () => {
    expect(await resolve({ HTTPS_PROXY: 'http://big:8080' })).toBe('http://big:8080')
    expect(await resolve({ HTTPS_PROXY: 'http://big:8080', https_proxy: 'small:3128' })).toBe('http://small:3128')
    expect(await resolve({ ALL_PROXY: 'socks5://all:1080' })).toBe('socks5://all:1080')
    expect(await resolve({ HTTPS_PROXY: '' })).toBe('http://of-the-system:1')
  })

  test.each([
    ['http://ann:p@ss/w#rd?%@proxy:8080', 'http://ann:p%40ss%2Fw%23rd%3F%25@proxy:8080'],
    ['http://ann:p%40ss@proxy:8080', 'http://ann:p%40ss@proxy:8080'],
    ['http://CORP\\ann:x:y@proxy:8080/', 'http://CORP%5Cann:x%3Ay@proxy:8080'],
    ['ann@proxy:8080', 'http://ann@proxy:8080'],
    ['socks5h://proxy:1080', 'socks5://proxy:1080'],
    ['socks://proxy', 'socks5://proxy'],
    ['HTTP://[fd00::1]:3128', 'http://[fd00::1]:3128']
  ])('an address as people write it: %s', async (written, read) => {
    expect(await resolve({ HTTPS_PROXY: written })).toBe(read)
  })

  test.each(['http://', 'http://proxy:port', 'socks4://proxy:1080', 'http://ann:s3cret@pro xy:1'])(
    'an address that is none is told without what stands in it: %s',
    async (written) => {
      const error = await resolve({ HTTPS_PROXY: written }).catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'settingsUnreadable' })
      expect(inspect(error)).not.toMatch(/s3cret|ann/)
    }
  )

  test('the setting wins, NO_PROXY and this machine win over everything', async () => {
    const environment = { HTTPS_PROXY: 'http://big:8080' }
    expect(await resolve(environment, 'none')).toBeNull()
    expect(await resolve(environment, 'http://set:9')).toBe('http://set:9')
    expect(await resolve({ ...environment, NO_PROXY: 'example.com' }, 'http://set:9')).toBeNull()
    for (const local of ['https://127.0.0.1/', 'https://localhost:4/', 'https://x.localhost/', 'https://[::1]/'])
      expect(await resolve(environment, 'http://set:9', new URL(local))).toBeNull()
  })
})

test.each([
  ['example.com', 'https://example.com/', true],
  ['example.com', 'https://mcp.example.com/', true],
  ['.example.com', 'https://mcp.example.com/', true],
  ['*.example.com', 'https://mcp.example.com/', true],
  ['example.com', 'https://notexample.com/', false],
  ['Example.COM other', 'https://example.com/', true],
  ['example.com:8443', 'https://example.com/', false],
  ['example.com:443', 'https://example.com/', true],
  ['example.com:8443', 'https://example.com:8443/', true],
  ['10.0.0.0/8', 'https://10.2.3.4/', true],
  ['10.0.0.0/8', 'https://11.2.3.4/', false],
  ['10.0.0.0/99', 'https://10.2.3.4/', false],
  ['fd00::/8', 'https://[fd12::1]/', true],
  ['[fd12::1]', 'https://[fd12::1]/', true],
  ['192.168.1.5', 'https://192.168.1.5/', true],
  ['<local>', 'https://intranet/', true],
  ['<local>', 'https://example.com/', false],
  ['192.168.*', 'https://192.168.7.8/', true],
  ['192.168.*', 'https://192.169.7.8/', false],
  ['10.*', 'https://10.example.com/', true],
  ['intra*.corp', 'https://intranet.corp/', true],
  ['intra*.corp', 'https://intranet.corp.evil.example/', false],
  ['169.254/16', 'https://169.254.9.9/', true],
  ['*', 'https://example.com/', true],
  ['', 'https://example.com/', false],
  ['a.test;b.test,c.test', 'https://b.test/', true]
])('the exception %j for %s: %s', (list, url, expected) => {
  expect(parseExceptions(list)(new URL(url))).toBe(expected)
})

describe('what the systems say', () => {
  test('macOS', () => {
    const said = `<dictionary> {
  ExceptionsList : <array> {
    0 : *.local
    1 : 169.254/16
    2 : corp.example
  }
  HTTPSEnable : 1
  HTTPSPort : 3128
  HTTPSProxy : proxy.corp.example
}
`
    const { proxy, isExcepted } = readScutil(said)
    expect(proxy).toBe('http://proxy.corp.example:3128')
    expect(isExcepted(new URL('https://wiki.corp.example/'))).toBe(true)
    expect(isExcepted(target)).toBe(false)
    expect(readScutil(said.replace('HTTPSEnable : 1', 'HTTPSEnable : 0')).proxy).toBeNull()
    expect(readScutil('SOCKSEnable : 1\n  SOCKSPort : 1081\n  SOCKSProxy : s.example\n').proxy).toBe(
      'socks5://s.example:1081'
    )
  })

  test('Windows', () => {
    const said = (server: string, on = '0x1') => `
HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings
    ProxyEnable    REG_DWORD    ${on}
    ProxyServer    REG_SZ    ${server}
    ProxyOverride    REG_SZ    *.corp.example;<local>
`
    const { proxy, isExcepted } = readRegistry(said('proxy:8080'))
    expect(proxy).toBe('http://proxy:8080')
    expect([isExcepted(new URL('https://intranet/')), isExcepted(target)]).toEqual([true, false])
    expect(readRegistry(said('http=a:1;https=b:2')).proxy).toBe('http://b:2')
    expect(readRegistry(said('socks=c:3')).proxy).toBe('socks5://c:3')
    expect(readRegistry(said('proxy:8080', '0x0')).proxy).toBeNull()
  })

  test('GNOME', () => {
    const said = (mode: string) => `org.gnome.system.proxy mode '${mode}'
org.gnome.system.proxy ignore-hosts ['localhost', '10.0.0.0/8', 'corp.example']
org.gnome.system.proxy.http host ''
org.gnome.system.proxy.http port 8080
org.gnome.system.proxy.https host 'proxy.corp.example'
org.gnome.system.proxy.https port 3129
`
    const { proxy, isExcepted } = readGsettings(said('manual'))
    expect(proxy).toBe('http://proxy.corp.example:3129')
    expect([isExcepted(new URL('https://a.corp.example/')), isExcepted(target)]).toEqual([true, false])
    expect(readGsettings(said('none')).proxy).toBeNull()
    expect(readGsettings('').proxy).toBeNull()
  })

  test('the tool is asked once a minute, and one that fails means none', async () => {
    const clock = heldClock()
    const asked: string[] = []
    const system = askSystem({
      platform: 'linux',
      clock,
      ask: async ([tool = '']) => {
        asked.push(tool)
        throw new Error('not installed')
      }
    })
    expect([await system(target), await system(target)]).toEqual([null, null])
    expect(asked).toEqual(['gsettings'])
    clock.advance(60_000)
    await system(target)
    expect(asked).toHaveLength(2)
    expect(await askSystem({ platform: 'aix', clock })(target)).toBeNull()
  })
})

test.each([
  ['PROXY proxy:8080; DIRECT', 'http://proxy:8080'],
  ['HTTPS proxy:8443', 'https://proxy:8443'],
  ['SOCKS5 proxy:1080;PROXY other:1', 'socks5://proxy:1080'],
  ['QUIC proxy:443; PROXY other:1', 'http://other:1'],
  ['DIRECT', null],
  ['', null]
])('a proxy script that answers %j means %s', (list, proxy) => {
  expect(readProxyList(list)).toBe(proxy)
})
