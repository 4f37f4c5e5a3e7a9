// The pages by themselves in Chromium: how long 200 servers take to paint, and how often an idle page wakes.
// Snapshots come in by the window's bridge, so that no network is in the times.
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import type { ServerView } from '../../app/contract/views.ts'
import { openChromium, reason } from '../renderer/chromium.ts'
import { messageOf, sixStates, startFixture } from '../renderer/fixture.ts'
import { root } from './bench.fixture.ts'
import { interleave, judge, median, notMeasured, type Part, rowOf } from './stats.ts'

const servers = 200
const rounds = 40
const seconds = 20
const paintTarget = 50

/** The preload's place is taken before the pages load; every timer that rings is counted. */
const bridge = `
  globalThis.wakes = []
  for (const name of ['setTimeout', 'setInterval', 'requestAnimationFrame', 'requestIdleCallback']) {
    const original = globalThis[name].bind(globalThis)
    globalThis[name] = (ring, ...rest) => original((...given) => { globalThis.wakes.push(performance.now()); return ring(...given) }, ...rest)
    if (name === 'requestAnimationFrame') globalThis.frame = original
  }
  globalThis.tokentray = {
    call: async () => ({ ok: false, code: 'unexpected', message: 'nobody is asked here' }),
    onMessage(listener) { globalThis.show = listener; return () => {} }
  }
  globalThis.paint = (text) => new Promise((resolve) => {
    const began = performance.now()
    if (text) globalThis.show(JSON.parse(text))
    // The task behind the frame's callbacks comes after its painting.
    globalThis.frame(() => {
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => resolve(performance.now() - began)
      port2.postMessage(null)
    })
  })`

/** A list in all states; `turn` changes what each says. */
function viewsAt(turn: number): ServerView[] {
  const states = sixStates(Date.now())
  return Array.from({ length: servers }, (_, number) => {
    const view = states[(number + turn) % states.length]!
    return { ...view, id: `s-${number}`, name: `Server ${number}` }
  })
}

async function withPage<T>(work: (page: Page, write: (views: ServerView[]) => string) => Promise<T>): Promise<T> {
  const fixture = await startFixture(join(root, 'dist', 'renderer'), [])
  const chromium = await openChromium()
  try {
    const page = await chromium.page('about:blank')
    await page.addInitScript(bridge)
    await page.goto(fixture.url)
    await page.waitForFunction(() => 'show' in globalThis)
    const { snapshot } = fixture
    return await work(page, (servers) =>
      JSON.stringify(messageOf({ ...snapshot, revision: ++snapshot.revision, servers }))
    )
  } finally {
    await chromium.close()
    await fixture.close()
  }
}

export async function measurePaint(): Promise<Part> {
  const about = `A snapshot handed to the page to the task behind the frame that shows it, ${rounds} of each in turn, the ratio to a frame in which nothing changed. A frame comes 60 times a second, so up to 17 ms of each is waiting for it.`
  const empty: Part = { name: 'paint', title: `${servers} servers painted`, about, rows: [], notes: [] }
  if (reason) return notMeasured(empty, reason)
  return withPage(async (page, write) => {
    const paint = (text: string) => page.evaluate<number>(`paint(${JSON.stringify(text)})`)
    const first = viewsAt(0)
    const values = await interleave(rounds, {
      frame: () => paint(''),
      first: async () => {
        await paint(write([]))
        return paint(write(viewsAt(0)))
      },
      all: async (round) => {
        await paint(write(viewsAt(round)))
        return paint(write(viewsAt(round + 1)))
      },
      one: async (round) => {
        await paint(write(first))
        return paint(write(first.with(7, { ...first[7]!, words: `Healthy ${round}` })))
      }
    })
    return {
      ...empty,
      rows: [
        rowOf('a frame in which nothing changed', 'ms', values.frame, values.frame),
        rowOf('from an empty list', 'ms', values.first, values.frame),
        rowOf('every server changed', 'ms', values.all, values.frame),
        rowOf('one server changed', 'ms', values.one, values.frame)
      ],
      notes: [judge('Every server changed', median(values.all), 'ms', paintTarget)]
    }
  })
}

export async function measureWakes(): Promise<Part> {
  const about = `Timers and frames that ring in the page, ${servers} servers in all states listed, over ${seconds} s.`
  const empty: Part = { name: 'wakes', title: 'An idle page', about, rows: [], notes: [] }
  if (reason) return notMeasured(empty, reason)
  return withPage(async (page, write) => {
    await page.evaluate(`paint(${JSON.stringify(write(viewsAt(0)))})`)
    const hide = (hidden: boolean) =>
      page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true })
        document.dispatchEvent(new Event('visibilitychange'))`)
    const rate = async () => {
      await wait(2000) // What came before is over.
      await page.evaluate('wakes = []')
      await wait(seconds * 1000)
      const [first = 0, ...later] = await page.evaluate<number[]>('wakes')
      // From the first to the last: a stretch of 20 s may hold 21 that are a second apart.
      return later.length === 0 ? 0 : Math.round((later.length * 100_000) / (later.at(-1)! - first)) / 100
    }
    const visible = await rate()
    await hide(true)
    const hidden = await rate()
    return {
      ...empty,
      rows: [rowOf('visible', 'per second', [visible]), rowOf('hidden', 'per second', [hidden])],
      notes: [
        'Hidden is what the page is told: a headless Chromium has no window to cover.',
        judge('Visible', visible, 'per second', 1, 'at most'),
        judge('Hidden', hidden, 'per second', 0, 'at most')
      ]
    }
  })
}
